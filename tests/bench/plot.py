"""Results as an SVG: milliseconds an app over the number of apps, both logarithmic."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from tests.bench.measure import Result

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900, 460, 70, 250, 40, 50
COLOURS = {  # Okabe and Ito: told apart by everyone
    "cold": "#0072b2",
    "nothing changed": "#009e73",
    "one app changed": "#56b4e9",
    "floor": "#999999",
    "kustomize, one build": "#d55e00",
    "kustomize, builds of 100": "#e69f00",
    "kustomize, a process an app": "#cc79a7",
    "Helm's engine, one process": "#000000",
}
NAMES = {
    "cold": "rollspec, cold",
    "nothing changed": "rollspec, nothing changed",
    "one app changed": "rollspec, one changed",
}


def plot(results: Sequence[Result]) -> str:
    """The picture, of results in one environment."""
    shown = [each for each in results if each.envs == 1 and each.name in COLOURS]
    if not shown:
        return ""
    low, high = floor(log10(min(each.each for each in shown))), ceil(log10(max(each.each for each in shown)))
    right = max(ceil(log10(max(each.apps for each in shown))), 1)

    def place(apps: float, each: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * log10(apps) / right
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (log10(each) - low) / (high - low or 1)
        return round(x, 1), round(y, 1)

    parts = [_head(), *_grid(low, high, right, place)]
    for number, name in enumerate(name for name in COLOURS if any(each.name == name for each in shown)):
        points = [
            place(each.apps, each.each) for each in sorted(shown, key=lambda each: each.apps) if each.name == name
        ]
        parts += _line(points, COLOURS[name], NAMES.get(name, name), TOP + 20 + 24 * number)
    return "\n".join([*parts, "</svg>", ""])


def _head() -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">'
        f'\n<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'\n<text x="{LEFT}" y="22" font-size="15">Milliseconds an app, by the number of apps (one environment)</text>'
    )


def _grid(low: int, high: int, right: int, place: object) -> list[str]:
    parts = []
    for power in range(low, high + 1):
        x, y = place(1, 10**power)  # type: ignore[operator]
        parts.append(f'<path d="M{x} {y}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{10**power:g}</text>')
    for power in range(right + 1):
        x, y = place(10**power, 10**low)  # type: ignore[operator]
        parts.append(f'<path d="M{x} {TOP}V{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{10**power:,}</text>')
    return parts


def _line(points: list[tuple[float, float]], colour: str, name: str, height: int) -> list[str]:
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = [f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in points]
    legend = WIDTH - RIGHT + 20
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *dots,
        f'<circle cx="{legend}" cy="{height - 4}" r="5" fill="{colour}"/>',
        f'<text x="{legend + 12}" y="{height}">{escape(name)}</text>',
    ]
