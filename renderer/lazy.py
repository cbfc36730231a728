"""What takes long to make, and is often not used, made on first use: regular expressions and dataclasses."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, AnyStr, cast


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, compiled when one of its methods is first looked up; for patterns of a module."""
    return cast("re.Pattern[AnyStr]", _Lazy(text, flags))


class _Lazy:
    """Each attribute is looked up in the compiled pattern once; then it is the instance's own, and costs nothing."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        text, flags = self._given
        found = getattr(re.compile(text, flags), name)  # re keeps what it compiled
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, order: bool = False) -> Callable[[type], type]:
        """`dataclasses.dataclass` of a class without parents, whose methods are made when somebody asks for them.

        Making the methods of one class takes half a millisecond. A command imports up to a hundred classes, uses half
        of them, and rarely compares or prints an instance.
        """
        return lambda cls: _unfinished(cls, frozen=frozen, slots=slots, order=order)


class _Later:
    """An attribute of a class; asked for, it calls `make`, which puts another one in its place."""

    def __init__(self, name: str, make: Callable[[], None]) -> None:
        self._name, self._make = name, make

    def __get__(self, instance: object, owner: type) -> Any:
        self._make()  # two threads may both do it: what they make is equal
        return getattr(owner if instance is None else instance, self._name)


_OF_A_TYPE = ("__dict__", "__weakref__")  # which each type makes for itself
_OF_ALL = ("__repr__", "__eq__", "__dataclass_fields__", "__dataclass_params__", "__match_args__")
_OF_NEWER = ("__replace__",) if sys.version_info >= (3, 13) else ()
_OF_ORDERED = ("__lt__", "__le__", "__gt__", "__ge__")


def _unfinished(cls: Any, *, frozen: bool, slots: bool, order: bool) -> type:
    """The class with its slots; its first instance makes `__init__`, and any other use all the rest."""
    assert cls.__bases__ == (object,)  # noqa: S101
    fields = tuple(cls.__annotations__)
    own = {name: value for name, value in vars(cls).items() if name not in _OF_A_TYPE}

    def begin() -> None:
        found.__init__ = _init(found, fields, own, frozen=frozen)

    def finish() -> None:
        whole = vars(dataclasses.dataclass(frozen=frozen, order=order)(type(cls.__name__, (), dict(own))))
        for name in later:
            setattr(found, name, whole[name])

    names = (*_OF_ALL, *_OF_NEWER, *(("__hash__",) if frozen else ()), *(_OF_ORDERED if order else ()))
    later = [name for name in names if name not in own]
    body = {"__hash__": None, **own, "__qualname__": cls.__qualname__, "__init__": _Later("__init__", begin)}
    body |= {name: _Later(name, finish) for name in later}
    if frozen:
        body |= {"__setattr__": _refuse_to_assign, "__delattr__": _refuse_to_delete}
        body |= {"__getstate__": _state, "__setstate__": _set_state} if slots else {}
    if slots:
        body = {name: value for name, value in body.items() if name not in fields} | {"__slots__": fields}
    found: Any = type(cls.__name__, (), body)
    return cast("type", found)


def _init(cls: type, fields: tuple[str, ...], own: Mapping[str, Any], *, frozen: bool) -> Any:
    """`__init__` as dataclasses makes it, from text too; but it fills the slots of a frozen class in half the time."""
    scope: dict[str, Any] = {"_missing": dataclasses.MISSING, "_set": object.__setattr__}
    parameters, lines = ["self"], []
    for name in fields:
        default, value = own.get(name, dataclasses.MISSING), name
        if isinstance(default, dataclasses.Field):
            if default.default_factory is not dataclasses.MISSING:
                scope[f"_make_{name}"] = default.default_factory
                value = f"_make_{name}() if {name} is _missing else {name}"
            default = default.default
        scope[f"_default_{name}"] = default
        is_required = default is dataclasses.MISSING and value == name
        parameters.append(name if is_required else f"{name}=_default_{name}")
        if not frozen:
            lines.append(f"self.{name} = {value}")
        elif name in cls.__dict__.get("__slots__", ()):
            scope[f"_set_{name}"] = cls.__dict__[name].__set__
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"_set(self, {name!r}, {value})")
    if "__post_init__" in own:
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"]), scope)  # noqa: S102
    scope["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return scope["__init__"]


def _refuse_to_assign(_: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """What pickle keeps of a frozen instance, which has no `__dict__`."""
    return [getattr(self, name) for name in self.__slots__]


def _set_state(self: Any, values: list[Any]) -> None:
    for name, value in zip(self.__slots__, values, strict=True):
        object.__setattr__(self, name, value)
