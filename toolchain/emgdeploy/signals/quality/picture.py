"""The electrode array as a picture: in text for a terminal, and as an SVG that needs nothing else."""

from __future__ import annotations

import math
from html import escape

from emgdeploy.signals.quality.judge import FAIL, WARN, Channel, Quality
from emgdeploy.text import printable

_STEPS = "▁▂▃▄▅▆▇█"
_MARKS = {FAIL: "x", WARN: "!", "": " "}
_CELL, _TOP = 44, 40
_EDGES = {FAIL: "#c00000", WARN: "#d08000", "": "#808080"}


def text_of(quality: Quality) -> list[str]:
    """A line for each row of the array: each electrode's strength, and x where it fails, ! where it is doubtful."""
    at = {channel.place: channel for channel in quality.channels}
    shown = _shown(quality)
    rows, columns = quality.grid
    lines = []
    for row in range(rows):
        cells = []
        for column in range(columns):
            channel = at.get((row, column))
            step = "  " if channel is None else _step(shown[channel.place]) + _MARKS[channel.severity]
            cells.append(step)
        lines.append(f"{row:3d} {' '.join(cells)}")
    return lines


def svg_of(quality: Quality, title: str) -> str:
    """The same in colours, with what was found in the tooltip of each electrode."""
    rows, columns = quality.grid
    width, height = max(columns * _CELL, 320) + 2 * _CELL, rows * _CELL + _TOP + _CELL
    shown = _shown(quality)
    cells = "\n".join(_cell(channel, shown[channel.place]) for channel in quality.channels)
    said = escape(printable(title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n<text x="8" y="24" font-size="16">{said}</text>\n'
        f"{cells}\n</svg>\n"
    )


def _cell(channel: Channel, strength: float) -> str:
    x, y = (channel.place[1] + 0.5) * _CELL, channel.place[0] * _CELL + _TOP
    light = round(95 - 55 * strength)
    said = "; ".join([str(channel), *(finding.text for finding in channel.findings)])
    edge = _EDGES[channel.severity]
    mark = _MARKS[channel.severity].strip()
    return (
        f'<g><title>{escape(printable(said))}</title><rect x="{x:g}" y="{y:g}" width="{_CELL - 6}" '
        f'height="{_CELL - 6}" rx="6" fill="hsl(210,60%,{light}%)" stroke="{edge}" '
        f'stroke-width="{3 if channel.severity else 1}"/><text x="{x + (_CELL - 6) / 2:g}" y="{y + 25:g}" '
        f'text-anchor="middle" font-size="14">{mark or channel.column}</text></g>'
    )


def _shown(quality: Quality) -> dict[tuple[int, int], float]:
    """Strength of each electrode from 0 to 1, by its logarithm between the weakest and the strongest."""
    levels = {c.place: math.log(c.values["rms"]) for c in quality.channels if c.values["rms"]}
    low, high = min(levels.values(), default=0.0), max(levels.values(), default=0.0)
    width = max(high - low, 1.0)
    return {c.place: (levels.get(c.place, low) - low) / width for c in quality.channels}


def _step(strength: float) -> str:
    return _STEPS[min(int(strength * len(_STEPS)), len(_STEPS) - 1)]
