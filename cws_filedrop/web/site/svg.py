"""Charts as SVG, drawn here so that a page needs neither script nor another host. Colours are classes of the style
sheet.

Every chart has a label for whoever cannot see it, and every mark a tooltip with its figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

WIDTH: Final = 560.0
HEIGHT: Final = 200.0
LEFT: Final = 46.0
BOTTOM: Final = 22.0
TOP: Final = 8.0
GRID_LINES: Final = 4
LABELS: Final = 6  # along the bottom, at most
ROW: Final = 26.0


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of thing that is counted: its name, its class of colour (s1 … s7), a value for each slot."""

    name: str
    colour: str
    values: Sequence[float | None]


def stacked(title: str, slots: Sequence[str], series: Sequence[Series]) -> Markup:
    """Bars of what adds up, one for each slot."""
    totals = [sum(one.values[place] or 0 for one in series) for place in range(len(slots))]
    top = ceiling(max(totals, default=0))
    step = (WIDTH - LEFT) / max(1, len(slots))
    marks = []
    for place, slot in enumerate(slots):
        x, y = LEFT + place * step, HEIGHT - BOTTOM
        for one in series:
            value = one.values[place] or 0
            if value:
                high = value / top * (HEIGHT - BOTTOM - TOP)
                y -= high
                marks.append(_rect(x + step * 0.12, y, step * 0.76, high, one.colour))
        figures = ", ".join(f"{one.name} {plain(one.values[place] or 0)}" for one in series if one.values[place])
        marks.append(_hit(x, step, f"{slot}: {figures or 'nothing'}"))
    return _chart(title, _grid(top) + _labels(slots, step) + Markup("").join(marks))


def lines(title: str, slots: Sequence[str], series: Sequence[Series], *, unit: str = "") -> Markup:
    """A line for each series; a slot without a value interrupts it."""
    known = [value for one in series for value in one.values if value is not None]
    top = ceiling(max(known, default=0))
    step = (WIDTH - LEFT) / max(1, len(slots))

    def point(place: int, value: float) -> str:
        return f"{LEFT + (place + 0.5) * step:.1f} {_y(value, top):.1f}"

    marks: list[Markup] = []
    for one in series:
        path, pen = [], "M"
        for place, value in enumerate(one.values):
            if value is None:
                pen = "M"
                continue
            path.append(f"{pen}{point(place, value)}")
            if pen == "M" and (place + 1 == len(slots) or one.values[place + 1] is None):  # a line needs two ends
                dot = Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
                marks.append(dot.format(one.colour, LEFT + (place + 0.5) * step, _y(value, top)))
            pen = "L"
        marks.append(Markup('<path class="line {}" d="{}"/>').format(one.colour.replace("s", "l"), " ".join(path)))
    for place, slot in enumerate(slots):
        figures = ", ".join(
            f"{one.name} {plain(value)}{unit}" for one in series if (value := one.values[place]) is not None
        )
        marks.append(_hit(LEFT + place * step, step, f"{slot}: {figures or 'nothing'}"))
    return _chart(title, _grid(top, unit) + _labels(slots, step) + Markup("").join(marks))


def ranking(title: str, rows: Sequence[tuple[str, float, str]]) -> Markup:
    """A bar for each (name, value, colour), the longest for the largest."""
    top = max((value for _, value, _ in rows), default=0) or 1
    marks = []
    for place, (name, value, colour) in enumerate(rows):
        y, wide = place * ROW, value / top * (WIDTH - 190)
        marks.append(Markup('<text x="0" y="{:.1f}">{}</text>').format(y + 16, name))
        marks.append(_rect(70, y + 5, max(wide, 1), ROW - 11, colour))
        marks.append(Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(76 + wide, y + 16, plain(value)))
    return _chart(title, Markup("").join(marks), height=max(ROW, len(rows) * ROW))


def share(title: str, parts: Sequence[tuple[str, float, str]]) -> Markup:
    """A thin bar that shows how something is made up."""
    total, x, marks = sum(value for _, value, _ in parts) or 1, 0.0, []
    for _, value, colour in parts:
        wide = value / total * 100
        marks.append(_rect(x, 0, wide, 8, colour))
        x += wide
    head = Markup('<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">').format(title)
    return head + Markup("").join(marks) + Markup("</svg>")


def key(series: Sequence[Series]) -> Markup:
    """Which colour is what."""
    dot = Markup('<svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="3" class="{}"/></svg>')
    items = [Markup("<li>{}{}</li>").format(dot.format(one.colour), one.name) for one in series]
    return Markup('<ul class="key">') + Markup("").join(items) + Markup("</ul>")


def ceiling(value: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if value <= factor * power * 1.000001)


def plain(value: float) -> str:
    """A figure as people write it: 1.5, 12 300."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.2g}" if abs(value) < 1 else f"{value:.1f}"


def short(value: float) -> str:
    """A round figure for an axis, where there is little room: 500, 10 k, 2.5 M."""
    for size, letter in ((1_000_000, "M"), (10_000, "k")):
        if value >= size:
            return f"{value / (1_000 if letter == 'k' else size):g} {letter}"
    return plain(value)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)


def _grid(top: float, unit: str = "") -> Markup:
    marks = Markup("")
    for number in range(GRID_LINES + 1):
        value = top * number / GRID_LINES
        y = _y(value, top)
        marks += Markup('<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(LEFT, WIDTH, y, y)
        if number % 2 == 0:
            words = Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}{}</text>')
            marks += words.format(LEFT - 6, y + 4, short(value), unit)
    return marks


def _labels(slots: Sequence[str], step: float) -> Markup:
    every = max(1, math.ceil(len(slots) / LABELS))
    marks = Markup("")
    for place in range(0, len(slots), every):
        words = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
        marks += words.format(LEFT + (place + 0.5) * step, HEIGHT - 6, slots[place])
    return marks


def _rect(x: float, y: float, wide: float, high: float, colour: str) -> Markup:
    mark = Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" rx="1"/>')
    return mark.format(colour, x, y, wide, high)


def _hit(x: float, wide: float, words: str) -> Markup:
    mark = Markup('<rect class="hit" x="{:.2f}" y="{}" width="{:.2f}" height="{}"><title>{}</title></rect>')
    return mark.format(x, TOP, wide, HEIGHT - BOTTOM - TOP, words)


def _chart(title: str, content: Markup, *, height: float = HEIGHT) -> Markup:
    head = Markup('<svg class="chart" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">')
    return head.format(WIDTH, height, title) + content + Markup("</svg>")


def week(title: str, days: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """A square for each hour of a week: the fuller, the more there was."""
    top = max((value for row in counts for value in row), default=0)
    wide, high, left = 26.0, 20.0, 40.0
    marks = []
    for row, day in enumerate(days):
        marks.append(Markup('<text x="0" y="{:.0f}">{}</text>').format(row * high + 15, day))
        for hour, value in enumerate(counts[row]):
            share_ = 0.08 + 0.92 * math.sqrt(value / top) if value else 0.0
            mark = Markup(
                '<rect class="{}" x="{:.0f}" y="{:.0f}" width="{:.0f}" height="{:.0f}" rx="3" fill-opacity="{:.2f}">'
                "<title>{} {}:00: {}</title></rect>"
            )
            colour = "s1" if value else "s7"
            opacity = share_ if value else 0.12
            marks.append(
                mark.format(colour, left + hour * wide, row * high, wide - 3, high - 3, opacity, day, hour, value)
            )
    for hour in range(0, 24, 6):
        words = Markup('<text x="{:.0f}" y="{:.0f}">{}:00</text>')
        marks.append(words.format(left + hour * wide, len(days) * high + 13, hour))
    head = Markup('<svg class="chart" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">')
    return head.format(left + 24 * wide, len(days) * high + 18, title) + Markup("").join(marks) + Markup("</svg>")
