"""Changes of the guards themselves: policies of the base that a change removes still judge it, and each is named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from renderer.layout import PROJECT_FILE
from renderer.lazy import regex
from renderer.linear import Pattern
from renderer.masking import masked
from renderer.overlay import Environment
from renderer.patch import Patch, parse
from renderer.pipeline import build_app
from renderer.plain import below
from renderer.plan import RuleChange
from renderer.problem import Problem
from renderer.usecases.revision import View
from renderer.usecases.selection import Selection

# What an app of the head is judged by; the policy of the base judges too.
_JUDGING = ("policy", "external")
# Fields of the project file that decide what is checked and by what; only the head's are used.
_PROJECT = (
    *("renderLevel", "versions", "apps", "overlays", "templates", "output", "repository", "notSecret"),
    "clusterDomain",
)
# Kinds that guard a cluster or a namespace.
_GUARDS = (
    *("NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"),
    *("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy"),
    *("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication", "Sidecar"),
    *("ResourceQuota", "LimitRange", "PodDisruptionBudget"),
    *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"),
    *("Policy", "ClusterPolicy", "AppProject"),
)
_LONG = 60
_LINE = regex(r", by [^ ]+:\d+(?= \(in |\Z)")  # of the head's policy, which asks for less

Found = Mapping[tuple[str, str], tuple[Problem, ...]]


def rule_changes(old: View, new: View) -> tuple[RuleChange, ...]:
    """Every difference between the two sides that changes what is judged, or by which rules."""
    found = [*_differ(PROJECT_FILE, old.data.get("spec") or {}, new.data.get("spec") or {}, _PROJECT)]
    for env, now in sorted(new.setup.environments.items()):
        file, was = new.layout.overlay(env), _before(old, now)
        if was is None:
            found += _unguarded(old, file, now.spec)
            continue
        found += _differ(file, was.spec, now.spec, (*_JUDGING, "overlappingSelectors", "freeze"))
        found += _differ(file, _guards(was), _guards(now), ("patches",))
    return tuple(found)


def _unguarded(old: View, file: str, spec: Mapping[str, Any]) -> Iterator[RuleChange]:
    """The fields of the base's policies that a new environment lacks, each with the value in one environment."""
    others = {
        name: (env, value)
        for env, each in sorted(old.setup.environments.items(), reverse=True)
        for name, value in (each.spec.get("policy") or {}).items()
    }
    for name, (env, value) in sorted(others.items()):
        if name not in (spec.get("policy") or {}):
            yield RuleChange(file, below("/spec/policy", name), f"{_text(value)} in {env}", "nothing")


def judged_by_base(old: View, new: View, selection: Selection, base: str) -> Found:
    """Findings in apps of the head that only the base's policies make, by environment and app."""
    found: dict[tuple[str, str], tuple[Problem, ...]] = {}
    for env, apps in selection.apps.items():
        now = new.setup.environments.get(env)
        was = now and _before(old, now)
        if was is None or now is None or all(was.spec.get(key) == now.spec.get(key) for key in _JUDGING):
            continue
        kept = {key: value for key, value in now.spec.items() if key not in _JUDGING}
        spec = {**kept, **{key: was.spec[key] for key in _JUDGING if key in was.spec}}
        setup = replace(new.setup, environments={**new.setup.environments, env: now._replace(spec=spec)})
        texts, _ = new.texts(sorted(apps))
        for app, files in texts.items():
            of_base, of_head = (
                [problem for each in build_app(app, files, judge, [env]) for problem in each.problems]
                for judge in (setup, new.setup)
            )
            more = tuple(_taken_away(problem, base) for problem in of_base if problem not in of_head)
            if more:
                found[env, app] = more
    return found


def frozen_before(old: View, new: View) -> list[Environment]:
    """The environments whose freeze the change takes away or changes, each with the freeze of the base.

    An environment that the head does not have is among them: to delete it deletes its apps.
    """
    gone = [each for name, each in old.setup.environments.items() if name not in new.setup.environments]
    pairs = [(now, _before(old, now)) for now in new.setup.environments.values()]
    changed = [
        now._replace(spec={**now.spec, "freeze": was.spec["freeze"]})
        for now, was in pairs
        if was is not None and was.spec.get("freeze") and was.spec["freeze"] != now.spec.get("freeze")
    ]
    return [*changed, *(each for each in gone if each.spec.get("freeze"))]


def _before(old: View, now: Environment) -> Environment | None:
    """The environment in the base: of the same name, or the one whose namespace a new one has."""
    environments = old.setup.environments
    near = [name for name, each in environments.items() if each.spec.get("namespace") == now.spec.get("namespace")]
    return environments.get(now.name if now.name in environments else min(near, default=""))


def _taken_away(problem: Problem, base: str) -> Problem:
    return by_rule_of_base(replace(problem, message=_LINE.sub("", problem.message)), base, "policy")


def by_rule_of_base(problem: Problem, base: str, what: str) -> Problem:
    """A problem that only the base's rules make."""
    why = f"{problem.message}: by the {what} of {base}, which this change removes; first change the {what} alone"
    return replace(problem, message=why)


def _differ(file: str, old: Mapping[str, Any], new: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[RuleChange]:
    """One change for each field that differs; of a mapping, for each of its fields."""
    for key in keys:
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        if isinstance(was, dict | None) and isinstance(now, dict | None):
            one, other = was or {}, now or {}
            for name in dict.fromkeys((*one, *other)):
                if one.get(name) != other.get(name):
                    pointer = below(f"/spec/{key}", name)
                    yield RuleChange(file, pointer, _text(one.get(name)), _text(other.get(name)))
        else:
            yield RuleChange(file, f"/spec/{key}", _text(was), _text(now))


def _guards(environment: Environment) -> dict[str, Any]:
    """The patches of an environment that may change what guards a cluster."""
    patches = [item.value for item in environment.patches if any(map(_may_guard, parse(item.value)[0]))]
    return {"patches": patches} if patches else {}


def _may_guard(patch: Patch) -> bool:
    """Whether the kind of a patch is one that guards; a target without a kind matches each kind."""
    if patch.target is None or not patch.target.kind:
        kind = (patch.merge or {}).get("kind")
        return patch.target is not None if kind is None else kind in _GUARDS
    return any(map(Pattern(patch.target.kind).fits, _GUARDS))


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(masked(value), ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."
