"""Charts as SVG in the page itself: no script, no file beside it. Words and symbols say what colours say.

Each has a title and a description for screen readers; the numbers stand in a table near it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from monitor.reports.model import FeatureTrend, Part, StateKey, Swarm, SwarmSide, TrendWeek

SYMBOLS: dict[StateKey, str] = {"none": "", "warning": "▲", "severe": "■", "unknown": "?", "nothing": ""}
LEVEL_STATES: tuple[StateKey, ...] = ("none", "warning", "severe")
CELL, ROW, HEAD = 30, 24, 34
"""Widths and heights in the units of the drawing."""
LETTER, LETTERS = 8, 24
"""Width of a letter of a label, and how many are shown."""
BUMPED = 8
"""Lines of the bump chart."""
SWARMED = 6
SHADES = 5
"""Steps of an input's rank, from low to high."""


class Cell(NamedTuple):
    state: StateKey
    title: str


def heatmap(
    name: str,
    title: str,
    description: str,
    rows: Sequence[tuple[str, Sequence[Cell]]],
    weeks: Sequence[str],
    *,
    labels: bool = True,
) -> Markup:
    """One row per label, one column per week, the state of each in colour and symbol."""
    left = _left([label for label, _ in rows]) if labels else 0
    width, height = left + CELL * len(weeks) + 4, HEAD + ROW * len(rows) + 4
    parts = [_columns(weeks, left)]
    for r, (label, cells) in enumerate(rows):
        y = HEAD + r * ROW
        if labels:
            parts.append(_label(label, left, y + ROW * 0.68))
        for c, cell in enumerate(cells):
            x = left + c * CELL
            symbol = SYMBOLS[cell.state]
            text = f'<text class="sym" x="{x + CELL / 2 - 1:g}" y="{y + 15}">{symbol}</text>' if symbol else ""
            parts.append(
                f'<g class="c {cell.state}"><title>{escape(cell.title)}</title>'
                f'<rect x="{x}" y="{y}" width="{CELL - 2}" height="{ROW - 3}"/>{text}</g>'
            )
    return _svg(name, title, description, width, height, parts)


def state_rows(label: str, trend: Sequence[TrendWeek]) -> tuple[str, list[Cell]]:
    """A monitor's row."""
    words = {"nothing": "no check", "unknown": "not judged", "none": "quiet"}
    return label, [
        Cell(one.state, f"{label}, {one.week}: {words.get(one.state, f'{one.state}, {one.verdict}')}") for one in trend
    ]


def feature_rows(features: Sequence[FeatureTrend], weeks: Sequence[str]) -> list[tuple[str, list[Cell]]]:
    return [
        (
            one.feature,
            [
                Cell("nothing", f"{one.feature}, {week}: not judged")
                if level is None
                else Cell(LEVEL_STATES[level], f"{one.feature}, {week}: {LEVEL_STATES[level]}")
                for level, week in zip(one.levels, weeks, strict=True)
            ],
        )
        for one in features
    ]


def bump(name: str, title: str, description: str, features: Sequence[FeatureTrend], weeks: Sequence[str]) -> Markup:
    """Place of each feature by importance, week by week; a line breaks where nothing was judged.

    Coloured is what raised a level in some week and changed its place: small features swap places by chance.
    """
    shown = sorted(features, key=lambda one: (_latest(one), one.feature))[:BUMPED]
    places = max([rank for one in shown for rank in one.ranks if rank], default=1)
    left = _left([one.feature for one in shown])
    width, height = left + CELL * len(weeks) + 4, HEAD + ROW * places + 4
    parts = [_columns(weeks, left)]
    taken: set[int] = set()
    for number, one in enumerate(shown):
        points = [
            None if rank is None else (left + c * CELL + CELL / 2 - 1, HEAD + (rank - 1) * ROW + ROW / 2)
            for c, rank in enumerate(one.ranks)
        ]
        moved = any(one.levels) and len({rank for rank in one.ranks if rank}) > 1
        ends = [c for c, point in enumerate(points) if point]
        parts.append(f'<g class="line l{number}{" moved" if moved else ""}"><title>{escape(one.feature)}</title>')
        parts.append(f'<path d="{_path(points)}"/>')
        parts += [f'<circle cx="{points[c][0]:g}" cy="{points[c][1]:g}" r="4"/>' for c in ends if points[c]]  # type: ignore[index]
        parts.append("</g>")
        first = next((rank for rank in one.ranks if rank), None)
        if first is not None and first not in taken:
            taken.add(first)
            parts.append(_label(one.feature, left, HEAD + (first - 1) * ROW + ROW * 0.68))
    return _svg(name, title, description, width, height, parts)


def _latest(one: FeatureTrend) -> int:
    return min((rank for rank in one.ranks if rank), default=10**6)


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    drawn, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        drawn.append(f"{pen}{point[0]:g} {point[1]:g}")
        pen = "L"
    return "".join(drawn)


def bars(name: str, title: str, description: str, parts: Sequence[Part]) -> Markup:
    """Model part and data part of each feature's change, on one scale around zero, one above the other."""
    span, row, left = 520, 34, _left([one.feature for one in parts])
    values = [value for one in parts for value in (one.model_part, one.data_part)]
    low, high = min([*values, 0.0]), max([*values, 0.0])
    scale = span / ((high - low) or 1.0)
    zero = left - low * scale
    drawn = [f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="4" y2="{len(parts) * row + 8}"/>']
    for r, one in enumerate(parts):
        y = 8 + r * row
        drawn.append(_label(one.feature, left, y + 17))
        for kind, value, top in (("model", one.model_part, y), ("data", one.data_part, y + 13)):
            length = abs(value) * scale
            x = zero if value >= 0 else zero - length
            drawn.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{top}" width="{max(length, 0.5):.1f}" height="11">'
                f"<title>{escape(one.feature)}, {kind} part {value:+.4g}</title></rect>"
            )
    return _svg(name, title, description, left + span + 4, len(parts) * row + 12, drawn)


def swarms(name: str, title: str, description: str, found: Sequence[Swarm]) -> Markup:
    """Attributions of single rows, then above now, per feature; darker means a higher value of the input."""
    span, band, left = 560, 46, _left([one.feature for one in found])
    values = [v for one in found for side in (one.then, one.now) for v in side.values]
    low, high = min([*values, 0.0]), max([*values, 0.0])
    scale = span / ((high - low) or 1.0)
    zero = left + 40 - low * scale
    height = HEAD / 2 + len(found) * (2 * band + 12)
    parts = [f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="4" y2="{height:.0f}"/>']
    for r, one in enumerate(found):
        top = HEAD / 2 + r * (2 * band + 12)
        parts.append(_label(one.feature, left, top + band))
        for offset, word, side in ((0, "then", one.then), (band, "now", one.now)):
            middle = top + offset + band / 2
            parts.append(f'<text class="side" x="{left + 32}" y="{middle + 4:g}">{word}</text>')
            parts += _dots(side, middle, lambda v: left + 40 + (v - low) * scale, band)
        parts.append(f'<line class="rule" x1="0" x2="{left + span + 48}" y1="{top + 2 * band + 6:g}" '
                     f'y2="{top + 2 * band + 6:g}"/>')  # fmt: skip
    return _svg(name, title, description, left + span + 52, round(height), parts)


def _dots(side: SwarmSide, middle: float, at: object, band: float) -> list[str]:
    """Points beside each other where they would cover each other; one path per shade, a point is a line of length 0."""
    columns: dict[int, int] = {}
    shades: dict[str, list[str]] = {}
    assert callable(at)
    for value, rank in sorted(zip(side.values, side.ranks, strict=True), key=lambda pair: pair[0]):
        x = at(value)
        column = round(x / 3.5)
        place = columns[column] = columns.get(column, 0) + 1
        shift = (place // 2) * 3.2 * (1 if place % 2 else -1)
        y = middle + max(-band / 2 + 3, min(band / 2 - 3, shift))
        shade = "s-" if rank is None else f"s{min(SHADES - 1, int(rank * SHADES))}"
        shades.setdefault(shade, []).append(f"M{x:.1f} {y:.1f}h0")
    return [f'<path class="dot {shade}" d="{"".join(points)}"/>' for shade, points in sorted(shades.items())]


def _columns(weeks: Sequence[str], left: int) -> str:
    """Week numbers over the columns, the year where it begins."""
    parts = []
    for c, week in enumerate(weeks):
        year, number = week.split("-W")
        x = left + c * CELL + CELL / 2 - 1
        parts.append(f'<text class="col" x="{x:g}" y="{HEAD - 8}">{number}</text>')
        if c == 0 or number == "01":
            parts.append(f'<text class="col" x="{x:g}" y="{HEAD - 22}">{year}</text>')
    return "".join(parts)


def _left(labels: Sequence[str]) -> int:
    """Room for the labels: no more than they need, because a telephone shows little beside them."""
    return 14 + LETTER * min(LETTERS, max(map(len, labels), default=0))


def _label(text: str, left: int, y: float) -> str:
    short = text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
    return f'<text class="lab" x="{left - 10}" y="{y:g}">{escape(short)}<title>{escape(text)}</title></text>'


def _svg(name: str, title: str, description: str, width: float, height: float, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - every text in it was escaped above
        f'<svg class="chart {name}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(description)}</desc>{"".join(parts)}</svg>'
    )
