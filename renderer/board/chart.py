"""A simulated timeline as an SVG picture: shares of the traffic above, Ready pods below, over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup

from renderer.simulate import Point, Timeline

_WIDTH, _SHARE, _PODS, _GAP, _LEFT, _RIGHT, _TOP = 560, 96, 56, 26, 56, 96, 14
_SPAN = _WIDTH - _LEFT - _RIGHT


def chart(timeline: Timeline, title: str) -> Markup:
    """The picture. Its first point is what runs before the edit, at 0 s; versions have one colour in both parts."""
    points = timeline.points
    end = max(points[-1].t, 1.0) * 1.1  # so that a reader sees what it ends with
    seen = [v for v in timeline.versions if any(p.share.get(v) or p.ready.get(v) for p in points)]
    classes = _classes(seen, timeline.stable)
    most = max([1, *(count for p in points for count in p.ready.values())])
    bottom = _TOP + _SHARE + _GAP + _PODS
    parts = [
        _axis(_TOP, _SHARE, "100 %", "0 %"),
        _axis(_TOP + _SHARE + _GAP, _PODS, f"{most} Ready", "0"),
        *(_line(points, v, classes[v], end) for v in seen),
        *(_pods(points, v, classes[v], end, most) for v in seen),
        *_labels(points[-1], seen, classes),
        Markup('<text x="{}" y="{}" class="tick">0 s</text>').format(_LEFT, bottom + 14),
        Markup('<text x="{}" y="{}" class="tick" text-anchor="middle">{}</text>').format(
            _x(points[-1].t, end), bottom + 14, seconds_text(points[-1].t)
        ),
    ]
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>').format(
        _WIDTH, bottom + 18, title, title, Markup("").join(parts)
    )


def seconds_text(seconds: float) -> str:
    """`40 s`, `12 min`, `2 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _classes(versions: Sequence[str], stable: str) -> dict[str, str]:
    others = [version for version in versions if version != stable]
    found = {version: f"v{min(number, 3)}" for number, version in enumerate(others, 1)}
    return {**found, stable: "v0"}


def _axis(top: int, height: int, high: str, low: str) -> Markup:
    text = Markup('<text x="{}" y="{}" class="tick" text-anchor="end">{}</text>')
    rule = Markup('<path d="M{} {}h{}" class="rule"/>')
    return Markup("").join(
        [
            rule.format(_LEFT, top, _SPAN),
            rule.format(_LEFT, top + height, _SPAN),
            text.format(_LEFT - 5, top + 4, high),
            text.format(_LEFT - 5, top + height + 4, low),
        ]
    )


def _line(points: Sequence[Point], version: str, name: str, end: float) -> Markup:
    values = [(p.t, _TOP + _SHARE * (1 - p.share.get(version, 0.0) / 100)) for p in points]
    return Markup('<path d="{}" class="share {}"/>').format(_steps(values, end), name)


def _pods(points: Sequence[Point], version: str, name: str, end: float, most: int) -> Markup:
    top = _TOP + _SHARE + _GAP
    values = [(p.t, top + _PODS * (1 - p.ready.get(version, 0) / most)) for p in points]
    return Markup('<path d="{}" class="pods {}"/>').format(_steps(values, end), name)


def _steps(values: Sequence[tuple[float, float]], end: float) -> str:
    """A line that holds each value until the next one; points that change nothing are left out."""
    path = [f"M{_x(values[0][0], end)} {values[0][1]:.1f}"]
    for (_, before), (time, y) in pairwise(values):
        if f"{y:.1f}" != f"{before:.1f}":
            path.append(f"H{_x(time, end)}V{y:.1f}")
    return "".join([*path, f"H{_x(end, end)}"])


def _x(time: float, end: float) -> str:
    return f"{_LEFT + _SPAN * time / end:.1f}"


def _labels(last: Point, versions: Sequence[str], classes: dict[str, str]) -> Iterable[Markup]:
    """Names at the right, in the order of the shares, never over one another."""
    y = float(_TOP - 12)
    for version in sorted(versions, key=lambda v: -last.share.get(v, 0.0)):
        share = last.share.get(version, 0.0)
        y = max(y + 12, _TOP + _SHARE * (1 - share / 100) + 4)
        name = version if len(version) <= 10 else f"{version[:9]}…"
        yield Markup('<text x="{}" y="{:.1f}" class="name {}">{} {:g} %</text>').format(
            _LEFT + _SPAN + 6, y, classes[version], name, round(share, 1)
        )
