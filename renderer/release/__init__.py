"""The state machine of a release: its state, its transitions (verbs), its compiled step lists."""

from renderer.release.steps import PINNED, steps_of

__all__ = ["PINNED", "steps_of"]
