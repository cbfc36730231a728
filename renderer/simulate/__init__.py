"""Manifests over time: what the controllers make of an edit, as a pure function.

`apply(start(), stable)` gives a cluster at rest; `apply` again with the next manifests gives the timeline of that edit.
It plays Argo Rollouts 1.9 and 1.10 (canary by replicas, by Istio's subsets or by two Services; BlueGreen), Deployments,
ReplicaSets, HorizontalPodAutoscalers' bounds and a kubelet. Times are rough; the order of events and their extremes are
what counts. Two templates with one version label are named `v2` and `v2#2`.
"""

from __future__ import annotations

from renderer.simulate.edits import abort, apply, wait
from renderer.simulate.objects import KINDS, wave
from renderer.simulate.pods import TooManyPodsError
from renderer.simulate.spec import digest, template_version
from renderer.simulate.state import Cluster, Options, start
from renderer.simulate.timeline import Moment, Point, Timeline

__all__ = [
    "KINDS",
    "Cluster",
    "Moment",
    "Options",
    "Point",
    "Timeline",
    "TooManyPodsError",
    "abort",
    "apply",
    "digest",
    "start",
    "template_version",
    "wait",
    "wave",
]
