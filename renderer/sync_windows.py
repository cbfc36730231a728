"""Freeze windows as sync windows: the AppProject of one environment, and schedules that Argo CD reads differently.

Source: Argo CD 3.6 (`SyncWindows.active`), which reads schedules with robfig/cron. A sync window knows no verbs: it
holds back every automated sync. `manualSync` lets a sync by hand pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from renderer.argocd import API, destination, managed_by
from renderer.freeze import Window
from renderer.manifest import Manifest
from renderer.project import ArgoCD

SHARED = "default"  # the AppProject that Argo CD creates, and that Applications of others belong to


def app_project(argocd: ArgoCD, env: str, cluster: dict[str, str], windows: Iterable[Window]) -> Manifest:
    """The AppProject of an environment's Applications.

    It allows every object in the environment's cluster from the project's repository, as `default` does: what an app's
    plain manifests need is not known here. A patch of the overlay can allow less.
    """
    spec = {
        "description": f"Applications of {env}",
        "sourceRepos": [argocd.url],
        "destinations": [destination(cluster, "*")],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "syncWindows": [_sync_window(window) for window in windows],
    }
    metadata = {"name": argocd.project, "namespace": argocd.namespace, "labels": managed_by()}
    spec = {key: value for key, value in spec.items() if value}
    data = {"apiVersion": API, "kind": "AppProject", "metadata": metadata, "spec": spec}
    return Manifest(f"{env}.project.yaml", data)


def _sync_window(window: Window) -> dict[str, object]:
    found = {
        "kind": "deny",
        "schedule": window.schedule,
        "duration": go_duration(window.duration),
        "timeZone": window.zone,
        "description": window.description,
        "applications": ["*"],
        "manualSync": True,
    }
    return {key: value for key, value in found.items() if value}


def go_duration(duration: timedelta) -> str:
    """In the units that Argo CD knows: hours, minutes, seconds."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    parts = zip((*divmod(minutes, 60), seconds), "hms", strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def read_differently(schedule: str) -> str:
    """Why Argo CD refuses a schedule that `freeze` accepts, or opens the window at other times; empty if it agrees."""
    fields = schedule.upper().split()
    day, weekday = fields[2], fields[4]
    terms = weekday.split(",")
    if "L" in day or "#" in weekday or weekday.endswith("L"):
        return "it does not know `L` and `#`: list the days"
    if any("7" in term.partition("/")[0] for term in terms):
        return "it does not know the weekday 7: write 0 for Sunday"
    if any("/" in term and "-" not in term and term[0] != "*" for term in terms):
        return "it ends a step of weekdays at Saturday: list the weekdays"
    if any(_of_one(term) for field in fields for term in field.split(",")):
        return "it does not go on after a range of one value with a step: write the value alone"
    is_both_here = day[0] == "*" or weekday[0] == "*"
    is_both_there = not {"*", "*/1"}.isdisjoint([*day.split(","), *terms])
    if is_both_here != is_both_there:
        return "it combines days and weekdays in another way if one has a step: list them"
    return ""


def _of_one(term: str) -> bool:
    values, step, _ = term.partition("/")
    first, _, last = values.partition("-")
    return bool(step) and first == last
