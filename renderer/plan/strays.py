"""Whether a change throws its share off on the way: what few rules ask the simulation, which takes long to import."""

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
