# SPDX-License-Identifier: GPL-2.0-only
"""Curves as SVG, for the pages in docs/."""

import math
from typing import Dict, List, NamedTuple, Tuple

WIDE, HIGH, LEFT, LINE = 640, 150, 60, 12
Points = List[Tuple[float, float]]


class Panel(NamedTuple):
    """One pair of axes, under a title or under another panel."""
    unit: str
    lines: Dict[str, Points]
    log: bool = False       #: y, in whole decades; else from 0 on
    marks: bool = False     #: a dot where something was measured


def _scale(panel: Panel) -> Tuple[float, float]:
    """The bottom and the top of the y axis, as they are drawn."""
    values = [y for points in panel.lines.values() for _, y in points]
    if panel.log:
        return math.floor(math.log10(min(values))), max(math.ceil(math.log10(max(values))), 1)
    return 0, 1.1 * max(values)


def _apart(wanted: List[float]) -> List[float]:
    """The lines' names, each where its line ends, or below the one above it."""
    placed = [0.0] * len(wanted)
    least = -math.inf
    for at in sorted(range(len(wanted)), key=wanted.__getitem__):
        placed[at] = least = max(wanted[at], least + LINE)
    return placed


def _panel(panel: Panel, base: int, last: float, colours: Dict[str, str]) -> List[str]:
    low, top = _scale(panel)
    shown = (f"{10 ** top:.0f}", f"{10 ** low:g}") if panel.log else (f"{top:.0f}", "0")
    svg = [f'<path d="M{LEFT} {base - HIGH}V{base}H{LEFT + WIDE}" fill="none" stroke="#888"/>',
           f'<text x="{LEFT - 6}" y="{base - HIGH + 10}" text-anchor="end">{shown[0]}</text>'
           f'<text x="{LEFT - 6}" y="{base}" text-anchor="end">{shown[1]}</text>'
           f'<text x="{LEFT + 8}" y="{base - HIGH + 12}">{panel.unit}</text>']
    drawn = [[(LEFT + WIDE * x / last, base - HIGH * ((math.log10(y) if panel.log else y) - low) / (top - low))
              for x, y in line] for line in panel.lines.values()]
    names = _apart([points[-1][1] for points in drawn])
    for name, points, at in zip(panel.lines, drawn, names):
        colour, path = colours[name], " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        svg.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
                   f'<text x="{LEFT + WIDE + 4}" y="{at + 4:.0f}" fill="{colour}">{name}</text>')
        svg += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points if panel.marks]
    return svg


def chart(title: str, panels: List[Panel], along: str, colours: Dict[str, str]) -> str:
    """*panels* one under another, over the same x from 0 on; *along* is what it comes to at its end."""
    last = max(x for panel in panels for points in panel.lines.values() for x, _ in points)
    tall = len(panels) * HIGH + 50 + 30 * len(panels)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {tall}" font-family="sans-serif" '
           'font-size="12">', f'<rect width="100%" height="100%" fill="#fff"/><text x="{LEFT}" y="18">{title}</text>']
    for row, panel in enumerate(panels):
        svg += _panel(panel, 30 + (row + 1) * HIGH + row * 30, last, colours)
    svg.append(f'<text x="{LEFT + WIDE}" y="{tall - 30}" text-anchor="end">{along}</text></svg>')
    return "\n".join(svg) + "\n"
