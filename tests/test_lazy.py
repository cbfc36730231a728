"""A dataclass of `renderer.lazy` does what one of the standard library does."""

from __future__ import annotations

import ast
import copy
import dataclasses
import importlib
import inspect
import pickle
import threading
from collections.abc import Callable, Hashable
from dataclasses import field
from functools import cached_property
from typing import Any

import pytest

from renderer import lazy
from tests.support.cases import ROOT

STANDARD: Any = dataclasses.dataclass
OURS: Any = lazy.dataclass
OPTIONS = [
    {"frozen": frozen, "slots": slots, "order": order}
    for frozen in (True, False)
    for slots in (True, False)
    for order in (True, False)
]


def classes(decorator: Any, options: dict[str, bool]) -> list[Any]:
    """Classes that use all that the program uses of dataclasses."""

    @decorator(**options)
    class Plain:
        one: int
        two: str = "two"

    @decorator(**options)
    class Fields:
        """With a text of its own."""

        one: int
        items: list[int] = field(default_factory=list)
        hidden: int = field(default=3, compare=False, repr=False)

        @property
        def doubled(self) -> int:
            return self.one * 2

    @decorator(**options)
    class Checked:
        one: int
        two: str = "two"

        def __post_init__(self) -> None:
            if self.one < 0:
                raise ValueError("less than nothing")

        def __repr__(self) -> str:
            return "Checked!"

    @decorator(**options)
    class Nothing:
        pass

    return [Plain, Fields, Checked, Nothing]


def tried(action: Callable[[], Any]) -> Any:
    """What it gives, or what it raises."""
    try:
        return repr(action())
    except Exception as error:
        return type(error).__name__, str(error).replace("_unfinished.<locals>.", "")


def assign(instance: Any, name: str) -> Any:
    setattr(instance, name, 5)
    return instance


def refused(action: Callable[[], Any]) -> bool:
    """Whether it is refused; the standard library may raise TypeError for a name that is no field."""
    try:
        action()
    except (dataclasses.FrozenInstanceError, AttributeError, TypeError):
        return True
    return False


def delete(instance: Any) -> Any:
    del instance.one
    return hasattr(instance, "one")


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "repr": lambda cls: cls(1),
    "without": lambda cls: cls(),
    "too many": lambda cls: cls(1, 2, 3, 4),
    "named": lambda cls: cls(one=1),
    "unknown": lambda cls: cls(1, three=3),
    "refused": lambda cls: cls(-1),
    "equal": lambda cls: (cls(1) == cls(1), cls(1) == cls(2), cls(1) != cls(1), cls(1) == 1),
    "hash": lambda cls: hash(cls(1)) == hash(cls(1)),
    "hashable": lambda cls: isinstance(cls(1), Hashable),
    "order": lambda cls: (cls(1) < cls(2), cls(1) >= cls(2), sorted([cls(2), cls(1)])),
    "assign": lambda cls: assign(cls(1), "one"),
    "assign another": lambda cls: refused(lambda: assign(cls(1), "other")),
    "delete": lambda cls: delete(cls(1)),
    "replace": lambda cls: dataclasses.replace(cls(1), one=2),
    "as a dict": lambda cls: dataclasses.asdict(cls(1)),
    "as a tuple": lambda cls: dataclasses.astuple(cls(1)),
    "fields": lambda cls: [(each.name, each.type, each.compare, each.repr) for each in dataclasses.fields(cls)],
    "is one": lambda cls: dataclasses.is_dataclass(cls),
    "match": lambda cls: cls.__match_args__,
    "parameters": lambda cls: cls.__dataclass_params__,
    "signature": lambda cls: [(each.name, each.kind) for each in inspect.signature(cls.__init__).parameters.values()],
    "copy": lambda cls: copy.deepcopy(cls(1)),
    "own list": lambda cls: cls(1).items is cls(1).items,
    "property": lambda cls: cls(1).doubled,
    "slots": lambda cls: (getattr(cls, "__slots__", None), hasattr(cls(1), "__dict__")),
    "name": lambda cls: (cls.__name__, cls.__qualname__, cls.__module__),
    "text": lambda cls: cls.__doc__ if cls.__name__ == "Fields" else "",
}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_first_use_gives_what_the_standard_library_gives(action: str, options: dict[str, bool]) -> None:
    pairs = zip(classes(STANDARD, options), classes(OURS, options), strict=True)
    results = [(tried(lambda: ACTIONS[action](one)), tried(lambda: ACTIONS[action](two))) for one, two in pairs]  # noqa: B023
    assert [ours for _, ours in results] == [standard for standard, _ in results]


@lazy.dataclass(frozen=True, slots=True)
class Sent:
    one: int
    items: list[int] = field(default_factory=list)


@lazy.dataclass(frozen=True)
class Kept:
    one: int

    @cached_property
    def doubled(self) -> int:
        return self.one * 2


def test_a_process_can_receive_an_instance_before_it_makes_one() -> None:
    sent = pickle.dumps((Sent(1, [2]), Kept(3)))
    for cls in (Sent, Kept):
        vars_of = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        assert not isinstance(vars_of["__init__"], lazy._Later)
    assert pickle.loads(sent) == (Sent(1, [2]), Kept(3))  # noqa: S301
    assert Kept(3).doubled == 6


def test_threads_may_make_the_first_instance_at_the_same_time() -> None:
    for _ in range(50):
        made = classes(OURS, {"frozen": True, "slots": True})[0]
        found: list[Any] = []
        barrier = threading.Barrier(4)

        def work(made: Any = made, found: list[Any] = found, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            found.append((made(1), hash(made(1)), made(1) == made(1)))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(set(found)) == 1
        assert len(found) == 4


def program() -> list[tuple[str, str]]:
    """Module and name of each dataclass of the program."""
    found = []
    for file in sorted((ROOT / "renderer").rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ClassDef)]
        decorators = {node.name: " ".join(map(ast.unparse, node.decorator_list)) for node in nodes}
        found += [(module, name) for name, text in decorators.items() if "dataclass(" in text]
    return found


@pytest.mark.parametrize(("module", "name"), program())
def test_the_parameters_of_each_class_are_its_fields(module: str, name: str) -> None:
    cls = getattr(importlib.import_module(module), name)
    parameters = inspect.signature(cls).parameters.values()
    expected = [
        (each.name, (each.default, each.default_factory) != (dataclasses.MISSING, dataclasses.MISSING))
        for each in dataclasses.fields(cls)
        if each.init
    ]
    found = [(each.name, each.default is not inspect.Parameter.empty) for each in parameters if each.name != "indexed"]
    assert found == expected


def test_the_program_uses_the_standard_library_only_where_ours_is_not_enough() -> None:
    others = []
    for module, name in program():
        cls = getattr(importlib.import_module(module), name)
        others += [] if cls.__setattr__ in (lazy._refuse_to_assign, object.__setattr__) else [name]
    assert others == ["Scene", "Answer"], "an InitVar; a parent"
