"""The controllers' own arithmetic: percents and weights to pods, as Argo Rollouts and the Deployment controller do it.

Sources: `utils/replicaset/canary.go` and `replicaset.go` of Argo Rollouts (1.9.3, 1.10.2) and `deployment/util` of
Kubernetes 1.34; `fixtures/rounding` holds what those functions answered. Weights are percents, counts are pods.
"""

from __future__ import annotations

import math
from typing import NamedTuple

IntOrPercent = int | str
_DIGITS = 18  # of a number that an integer of Go always holds
FULL = 100  # percent; the traffic routers that we render have no other total


class Pods(NamedTuple):
    """How many pods a ReplicaSet should have, and how many of them are available."""

    wanted: int
    available: int


def resolve(value: IntOrPercent, total: int, *, round_up: bool) -> int:
    """`3` is 3 pods, `"25%"` is a quarter of `total`; any string counts as a percent, as it does for Rollouts.

    Of a number with more digits than Go's largest has, the first ones count. Raises ValueError for a string that holds
    something else than digits.
    """
    if isinstance(value, int):
        return value
    share = int(value.replace("%", "").lstrip("0")[:_DIGITS] or 0) * total / FULL
    return math.ceil(share) if round_up else math.floor(share)


def fenceposts(max_surge: IntOrPercent, max_unavailable: IntOrPercent, replicas: int) -> tuple[int, int]:
    """Pods above and below `replicas` that a rolling update may have (`ResolveFenceposts`).

    The surge rounds up, the unavailable pods round down; where both come to 0, one pod may be unavailable.
    """
    surge = resolve(max_surge, replicas, round_up=True)
    unavailable = resolve(max_unavailable, replicas, round_up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def canary_fenceposts(max_surge: IntOrPercent, max_unavailable: IntOrPercent, replicas: int) -> tuple[int, int]:
    """The same for a Rollout's canary: never more unavailable than there are pods."""
    surge, unavailable = fenceposts(max_surge, max_unavailable, replicas)
    return surge, min(unavailable, replicas)


def preview_max_unavailable(max_unavailable: IntOrPercent, replicas: int) -> int:
    """Pods of a BlueGreen Rollout that may be unavailable."""
    return min(resolve(max_unavailable, replicas, round_up=False), replicas)


def weighted_counts(replicas: int, weight: int, surge: int) -> tuple[int, int]:
    """Canary and stable pods nearest to a weight, by replicas (`approximateWeightedCanaryStableReplicaCounts`).

    Together `replicas`, or one more where `surge` allows it and it comes nearer. Weights from 1 to 99 give each side a
    pod where there is room for two.
    """
    if replicas == 0:
        return 0, 0
    ceiling, floor = math.ceil(replicas * weight / FULL), math.floor(replicas * weight / FULL)
    zero_allowed = weight in (0, FULL) or (replicas == 1 and surge == 0)
    options: list[tuple[int, int]] = []
    if ceiling < replicas or zero_allowed:
        options.append((ceiling, replicas))
    if not _tied(weight, replicas) and (floor or zero_allowed):
        options.append((floor, replicas))
    if surge > 0:
        options.append((ceiling, replicas + 1))
        if not _tied(weight, replicas + 1) and (floor or zero_allowed):
            options.append((floor, replicas + 1))
    if not options:
        return 0, replicas
    canary, total = min(options, key=lambda option: abs(option[0] * FULL / option[1] - weight))
    return canary, total - canary


def _tied(weight: int, total: int) -> bool:
    """Whether the counts above and below are equally far from the weight; then the larger one is taken."""
    return math.modf(total * (weight / FULL))[0] == 0.5


def basic_canary_counts(
    replicas: int,
    weight: int,
    fences: tuple[int, int],
    fresh: Pods | None,
    stable: Pods | None,
    old: int = 0,
) -> tuple[int, int]:
    """The next counts (new, stable) of a canary by replicas (`CalculateReplicaCountsForBasicCanary`).

    `fences` are surge and unavailable as pods; `stable` is None where the new ReplicaSet is the stable one; `old` is
    what the ReplicaSets of neither side should have together: while there are any, nothing else is scaled down.
    """
    surge, unavailable = fences
    want_new, want_stable = weighted_counts(replicas, weight, surge) if stable else (replicas, 0)
    new_count, stable_count = (fresh.wanted if fresh else 0), (stable.wanted if stable else 0)
    room = replicas + surge - old - new_count - stable_count
    if stable and stable.wanted < want_stable and room > 0:
        stable_count = min(stable.wanted + room, want_stable)
        room -= stable_count - stable.wanted
    if fresh and fresh.wanted < want_new and room > 0:
        new_count = min(fresh.wanted + room, want_new)
    if old > 0:
        return new_count, stable_count
    rising = fresh is None or want_new >= fresh.wanted
    floor = replicas - unavailable
    spare = _to_scale_down(fresh, not rising) + _to_scale_down(stable, rising) - floor
    if spare <= 0:
        return new_count, stable_count
    if not rising:
        new_count = _drained(fresh, want_new, spare, new_count)
        return _within(fresh, stable, new_count, stable_count, replicas + surge, floor)
    if stable:
        stable_count = _drained(stable, want_stable, spare, stable_count)
        stable_count, new_count = _within(stable, fresh, stable_count, new_count, replicas + surge, floor)
    return new_count, stable_count


def _to_scale_down(pods: Pods | None, ignore_availability: bool) -> int:
    if pods is None:
        return 0
    return pods.wanted if ignore_availability or pods.wanted < pods.available else pods.available


def _drained(pods: Pods | None, want: int, spare: int, count: int) -> int:
    return max(want, pods.wanted - spare) if pods and pods.wanted > want else count


def _within(
    drain: Pods | None, adjust: Pods | None, drain_count: int, adjust_count: int, most: int, least: int
) -> tuple[int, int]:
    """Both counts within surge and unavailable (`adjustReplicaWithinLimits`)."""
    if adjust is None:
        return drain_count, adjust_count
    available = min(drain.available, drain_count) if drain else 0
    adjust_count -= max(0, adjust_count + drain_count - most)
    available += min(adjust.available, adjust_count)
    extra = max(0, adjust.available - adjust_count)
    adjust_count += min(extra, max(0, least - available))
    drain_count -= max(0, adjust_count + drain_count - most)
    return drain_count, adjust_count


class Routed(NamedTuple):
    """What the counts of a canary with traffic routing depend on, besides replicas and weight."""

    scale: int | None = None  # replicas of a setCanaryScale; they go before any weight
    min_pods: int | None = None  # minPodsPerReplicaSet
    dynamic: bool = False  # dynamicStableScale
    aborted: bool = False
    live: int | None = None  # the canary's weight that the controller recorded last; None: nothing recorded
    capped: bool = True  # minPodsPerReplicaSet is never more than replicas: since Argo Rollouts 1.10


def routed_counts(replicas: int, weight: int, given: Routed) -> tuple[int, int]:
    """Canary and stable pods with traffic routing (`CalculateReplicaCountsForTrafficRoutedCanary`)."""
    canary = _at_least(given, replicas, _pods_for(replicas, weight)) if given.scale is None else given.scale
    if not given.dynamic:
        return canary, replicas
    stable = _pods_for(replicas, FULL - weight if given.scale is None else FULL)
    if given.live is not None:
        stable = max(stable, _pods_for(replicas, FULL - given.live))
        if given.aborted:
            canary = max(canary, _pods_for(replicas, given.live))
    return _at_least(given, replicas, canary), _at_least(given, replicas, stable)


def _pods_for(replicas: int, weight: int) -> int:
    return math.ceil(weight * replicas / FULL)


def _at_least(given: Routed, replicas: int, count: int) -> int:
    if not count or given.min_pods is None:
        return count
    return max(count, min(given.min_pods, replicas) if given.capped else given.min_pods)


def abort_weight(replicas: int, weights: tuple[int, ...], available: int, stable_available: int) -> int:
    """The next weight of an abort with dynamicStableScale: down the list's weights (`GetDesiredCanaryWeight`)."""
    pods = max(replicas - stable_available, available)
    return next((weight for weight in reversed(weights) if _pods_for(replicas, weight) < pods), 0)


def preview_count(
    replicas: int, preview: int | None, *, active: bool, recorded: bool, paused: bool, past_checkpoint: bool
) -> int:
    """Pods of a BlueGreen's new ReplicaSet (`NewRSNewReplicas`).

    `preview` is previewReplicaCount; `active`: the active Service selects it already; `recorded`: the controller's
    status names it; `past_checkpoint`: the preview was approved.
    """
    if preview is None or active or (recorded and not paused and past_checkpoint):
        return replicas
    return preview


def basic_canary_share(
    replicas: int, weight: int, max_surge: IntOrPercent = "25%", max_unavailable: IntOrPercent = 0
) -> float:
    """The percent of the traffic that a canary by replicas really gets at rest when it asks for `weight`."""
    surge, _ = canary_fenceposts(max_surge, max_unavailable, replicas)
    canary, stable = weighted_counts(replicas, weight, surge)
    return canary * FULL / (canary + stable) if canary else 0.0


def replicas_for_share(
    weight: int, max_surge: IntOrPercent = "25%", max_unavailable: IntOrPercent = 0, *, at_least: int = 1
) -> int:
    """The fewest replicas, from `at_least` up, at which a canary by replicas gets exactly `weight` percent."""
    counts = range(at_least, at_least + FULL)  # a multiple of 100 is among them, and gives every percent exactly
    exact = (n for n in counts if math.isclose(basic_canary_share(n, weight, max_surge, max_unavailable), weight))
    return next(exact)
