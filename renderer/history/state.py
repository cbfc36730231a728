"""Reads the release state of one app in one environment from files of any age, which may be invalid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from renderer.history.standing import Flight, Standing, State, name_of
from renderer.layout import Layout
from renderer.overlay import Document, Environment, effective_spec, environment_of, inherited
from renderer.release.back import undone
from renderer.spec import Version, stable_of, strategy_of, version_of
from renderer.yamlio import load

_MAPPINGS = ("strategy", "canary", "preview", "previous", "aborted", "migration")
_TEXT = (str, type(None))  # `str | None` would be made for each question
_VERSIONS = ("canary", "preview", "previous", "aborted")
_STANDING = frozenset(
    ("tag", "version", "canary", "preview", "previous", "aborted", "migration", "paused", "strategy", "namespace")
)
_OVERLAY = frozenset(("extends", "apps"))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The reason why a state cannot be read, with the file."""

    reason: str


NO_TAG = "the effective spec: `tag` is missing"  # the reason where an environment has no tag for an app
Parsed = Mapping[str, Any] | Unreadable
Files = Mapping[str, Parsed]  # by path


def parse(text: bytes, file: str) -> Parsed:
    """A spec's document, checked only as far as a release state needs it."""
    data, problems = load(text, file)
    if problems:
        return Unreadable(str(problems[0]))
    if not isinstance(data, dict) or not isinstance(data.get("spec") or {}, dict):
        return Unreadable(f"{file}: this is not a spec")
    return data


def trimmed(data: Parsed) -> Parsed:
    """A spec or overlay reduced to the fields that a `Standing` needs, to save memory with thousands of apps."""
    if isinstance(data, Unreadable):
        return data
    spec = data.get("spec") or {}
    kept = {key: value for key, value in spec.items() if key in _STANDING or key in _OVERLAY}
    if "defaults" in spec:
        defaults = spec["defaults"]
        is_mapping = isinstance(defaults, Mapping)
        kept["defaults"] = {key: defaults[key] for key in _STANDING & defaults.keys()} if is_mapping else defaults
    return {**data, "spec": kept}


class _UnreadableError(Exception):
    """Carries the reason to the edge of this module, where it becomes a value."""


class States:
    """The release states by one set of files, which must not change meanwhile: each environment is made once."""

    def __init__(self, files: Files, layout: Layout) -> None:
        self._files = files
        self._layout = layout
        self._environments: dict[str, Environment | str] = {}

    def of(self, env: str, app: str) -> State | Unreadable | None:
        """The state of an app in an environment; None if the app or the environment does not exist.

        Defaults of the overlays < app spec < partial apps, as in an effective spec. Nothing is checked against the
        schema.
        """
        try:
            spec = self._effective(env, app)
            return None if spec is None else _state(spec)
        except _UnreadableError as error:
            return Unreadable(str(error))

    def _effective(self, env: str, app: str) -> Mapping[str, Any] | None:
        files, layout = self._files, self._layout
        own = _document(files, layout.app(app))
        if own is None or layout.overlay(env) not in files:
            return None
        environment = self._environment(env)
        if environment.apps is not None and app not in environment.apps:
            return None
        partials = []
        for name in environment.names:
            partial = _document(files, layout.partial(name, app))
            partials += [] if partial is None else [partial if name == env else inherited(partial)]
        # Every level gives the same release state: only `replicas` depends on the level.
        return effective_spec(environment, own, partials, level=1)

    def _environment(self, env: str) -> Environment:
        if env not in self._environments:
            made = environment_of(env, lambda name: _overlay(self._files, self._layout, name))
            self._environments[env] = made
        found = self._environments[env]
        if isinstance(found, str):
            raise _UnreadableError(f"{self._layout.overlay(env)}: {found}")
        return found


def state_at(files: Files, layout: Layout, env: str, app: str) -> State | Unreadable | None:
    """The state of one app in one environment by these files, as in `States`."""
    return States(files, layout).of(env, app)


def _overlay(files: Files, layout: Layout, name: str) -> Document | None:
    """An overlay with only the fields that decide a release state."""
    file = layout.overlay(name)
    if file not in files:
        return None
    spec = _spec(files, file)
    kept = {key: spec[key] for key in _OVERLAY & spec.keys()}
    if not isinstance(kept.get("extends"), str | None) or not isinstance(kept.get("apps"), list | None):
        raise _UnreadableError(f"{file}: `extends` is not a name, or `apps` is not a list")
    defaults = _with_mappings(_mapping(spec, "defaults", file), file)
    return Document(file, {"metadata": {"name": name}, "spec": {**kept, "defaults": defaults}})


def _document(files: Files, file: str) -> Document | None:
    return Document(file, {"spec": _with_mappings(_spec(files, file), file)}) if file in files else None


def _with_mappings(spec: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """The spec, whose release state can be merged."""
    for key in _VERSIONS:
        _mapping(spec, key, file)
    return spec


def _spec(files: Files, file: str) -> Mapping[str, Any]:
    found = files[file]
    if isinstance(found, Unreadable):
        raise _UnreadableError(found.reason)
    return _mapping(found, "spec", file)


def _mapping(data: Mapping[str, Any], key: str, source: str) -> Mapping[str, Any]:
    found = data.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):  # a Mapping would cost twice as long: this is asked 20 times an app
        raise _UnreadableError(f"{source}: `{key}` is not a mapping")
    return found


def _state(spec: Mapping[str, Any]) -> State:
    """The state that an effective spec describes. Raises _UnreadableError."""
    parts = {key: _mapping(spec, key, "the effective spec") for key in _MAPPINGS}
    _check_names(spec, parts)
    role = next((key for key in ("canary", "preview") if parts[key]), None)
    flight = parts[role] if role else {}
    flying, aborted, stable = _version(spec, flight), _version(spec, parts["aborted"]), stable_of(spec)
    strategy, undone_version = strategy_of(parts["strategy"]), undone(spec)
    weight, overrides = _number(flight.get("weight")), flight.get("overrides")
    standing = Standing(
        strategy=str(strategy.type),
        router=str(strategy.router) if strategy.type == "Canary" else None,
        stable=name_of(stable),
        flight=Flight(role, name_of(flying), weight, "overrides" in flight) if role and flying else None,
        paused=spec.get("paused") is True,
        stage=_stage(parts["migration"]),
        aborted=name_of(aborted) if aborted else None,
        undone=name_of(undone_version) if undone_version else None,
    )
    return State(
        standing=standing,
        stable=stable,
        flying=flying,
        previous=_version(spec, parts["previous"]),
        aborted=aborted,
        from_weight=_number(flight.get("from")),
        overrides=overrides,
        restarted=str(spec["restartedAt"]) if spec.get("restartedAt") is not None else None,
        ladder=_steps(parts["strategy"].get("steps")),
        ends_by_itself=strategy.ends_by_itself,
        namespace=str(spec["namespace"]) if spec.get("namespace") else None,
        needs_weight=strategy.type == "Canary" and not {"steps", "initialWeight"} & parts["strategy"].keys(),
    )


def _check_names(spec: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise _UnreadableError for a `tag` or `version` that is not text, and where the stable tag is missing."""
    for holder in filter(None, (spec, *(parts[key] for key in _VERSIONS))):
        for key in ("tag", "version"):
            if not isinstance(holder.get(key), _TEXT):
                raise _UnreadableError(f"the effective spec: `{key}` is not a string")
    if not spec.get("tag"):
        raise _UnreadableError(NO_TAG)


def _steps(given: Any) -> tuple[Mapping[str, Any], ...]:
    """The steps that have the form of steps; they are not checked."""
    steps = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
    return tuple(each for each in steps if isinstance(each.get("pause") or {}, Mapping))


def _version(spec: Mapping[str, Any], state: Mapping[str, Any]) -> Version | None:
    return version_of(spec, state) if state else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _stage(migration: Mapping[str, Any]) -> str | None:
    """`from RollingUpdate`, `to Recreate`: the strategy that is still rendered too, and the next one."""
    return ", ".join(_stages(migration)) or None


def _stages(migration: Mapping[str, Any]) -> Iterator[str]:
    for key, value in migration.items():
        type_ = value.get("type", "RollingUpdate") if isinstance(value, Mapping) else value
        router = f" by {value['router']}" if isinstance(value, Mapping) and "router" in value else ""
        yield f"{key} {type_}{router}"
