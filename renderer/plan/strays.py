"""What a change does to shares on the way: few rules ask the simulation, which takes long to import."""

from __future__ import annotations

from renderer.plan.side import Side


def strays(old: Side, new: Side) -> bool:
    """Whether the simulation of the change shows a share or pods off their path; also where it cannot be simulated."""
    from renderer.plan.outlook import looked_ahead
    from renderer.simulate import TooManyPodsError

    try:
        return bool(looked_ahead(old, new).flags)
    except TooManyPodsError:
        return True


def falls_to_none(old: Side, new: Side) -> bool:
    """Whether the canary of `old` is left without its share; also where that cannot be simulated."""
    from renderer.plan.outlook import looked_ahead
    from renderer.simulate import TooManyPodsError

    try:
        tracks = looked_ahead(old, new).tracks
    except TooManyPodsError:
        return True
    return not any(one.after for one in tracks if one.before and not one.is_of(old.app.stable))
