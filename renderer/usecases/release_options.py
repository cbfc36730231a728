"""The options of `release`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from renderer.failure import Failure


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    """What `release` is asked for; Failure for options that contradict each other."""

    words: tuple[str, ...]
    share: int | None = None
    label: str | None = None
    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()
    from_env: str | None = None
    replace: bool = False
    redo: bool = False
    from_edits: bool = False
    base: str | None = None
    skip: bool = False
    train: bool = False
    soak: timedelta | None = None
    hotfix: bool = False
    adopt: bool = False

    def __post_init__(self) -> None:
        is_configured = bool(self.label or self.sets or self.unsets or self.adopt)
        if self.base is not None and not self.from_edits:
            raise Failure("--base is for --from-edits: it says since when", 2)
        if self.from_edits and (self.from_env is not None or is_configured or self.replace):
            raise Failure("--from-edits takes versions from edits: only --base, --weight and --redo fit it", 2)
        if self.soak is not None and not self.train:
            raise Failure("--soak is for --train: it says how long a version must be stable before", 2)
        if self.train and (self.from_env is not None or self.from_edits or is_configured or self.replace or self.skip):
            raise Failure("--train takes what is due: only --soak, --weight and --redo fit it", 2)
        is_other = self.from_env is not None or self.from_edits or self.train or self.replace
        if self.hotfix and (is_other or self.sets or self.unsets or self.adopt):
            raise Failure("--hotfix takes APP TAG: only --weight, --version and --skip fit it", 2)
        if not self.words and is_configured:
            raise Failure("--version, --set, --unset and --adopt are about the release of an app: name it", 2)
