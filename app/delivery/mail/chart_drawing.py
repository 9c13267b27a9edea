"""A chart as SVG, on paper of its own: it reads the same on a dark page."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from app.delivery.mail.charting import WIDE, Chart, Look
from app.languages import written

_WIDE = 440  # of its own units: on a phone, letters are still read
_EDGE, _TOP, _ROW = 18, 54, 30
_INK, _SOFT, _LINE, _PAPER, _FALLING = "#1f1d1a", "#5f5b54", "#e5e1d9", "#ffffff", "#b3261e"
# Ours: told apart by whoever sees few colours, too; each has its label beside it.
_COLOURS = (
    "#4338b8", "#c2571a", "#17703f", "#8f897e", "#a9a2ff", "#e0a458", "#6fb98f", "#3d3a36",
)  # fmt: skip
_WORDS, _ENDS = 140, 84  # room for labels before bars, and for numbers behind them
_PLOT = 140  # how high lines are
_LETTER = 0.54  # of the size of its type: what a letter takes on average
_NONE = "–"


def drawn(chart: Chart, values: Sequence[float | None], language: str) -> str:
    """The whole picture; `values` are those of `chart.values`."""
    draw = {Look.BAR: _bars, Look.LINE: _line, Look.SHARE: _shares}[chart.look]
    parts, high = draw(chart, values, language)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{high * WIDE // _WIDE}"'
        f' viewBox="0 0 {_WIDE} {high}" font-family="sans-serif" font-size="13">'
        f'<rect width="{_WIDE}" height="{high}" fill="{_PAPER}"/>'
        f'<rect x="0.5" y="0.5" width="{_WIDE - 1}" height="{high - 1}" rx="8" fill="none"'
        f' stroke="{_LINE}"/>'
        f"{_text(_EDGE, 34, chart.title, _WIDE - 2 * _EDGE, size=17, weight=700)}"
        f"{''.join(parts)}</svg>"
    )


def _bars(chart: Chart, values: Sequence[float | None], language: str) -> tuple[list[str], int]:
    left, right = _EDGE + _WORDS, _WIDE - _EDGE - _ENDS
    low, high = _ends(values)
    nought = _place(0, low, high, left, right)
    parts: list[str] = []
    for place, (label, value) in enumerate(zip(chart.labels, values, strict=True)):
        y = _TOP + place * _ROW
        parts.append(_text(_EDGE, y + 15, label, _WORDS - 10, colour=_SOFT))
        said = _NONE if value is None else written.short(value, language)
        parts.append(_text(_WIDE - _EDGE, y + 15, said, _ENDS - 10, anchor="end"))
        if value is not None:
            x = _place(value, low, high, left, right)
            colour = _COLOURS[0] if value >= 0 else _FALLING
            parts.append(_rect(min(x, nought), y, max(abs(x - nought), 1.5), 20, colour))
    end = _TOP + len(values) * _ROW
    parts.append(_rule(nought, _TOP - 4, nought, end - 6))
    return parts, end + 12


def _line(chart: Chart, values: Sequence[float | None], language: str) -> tuple[list[str], int]:
    left, right, foot = _EDGE + 60, _WIDE - _EDGE - 14, _TOP + _PLOT
    low, high = _ends(values)
    step = (right - left) / max(len(values) - 1, 1)
    parts = [_scale(low, high, left, right, language)]
    points = [
        None if value is None else (left + step * place, _place(value, low, high, foot, _TOP))
        for place, value in enumerate(values)
    ]
    parts += [_path(run) for run in _runs(points)]
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_COLOURS[0]}" stroke="{_PAPER}"'
        ' stroke-width="2"/>'
        for x, y in filter(None, points)
    ]
    parts += _below(chart.labels, left, step, foot + 24)
    return parts, foot + 40


def _shares(chart: Chart, values: Sequence[float | None], language: str) -> tuple[list[str], int]:
    whole, x = sum(filter(None, values)), float(_EDGE)
    parts: list[str] = []
    for place, (label, value) in enumerate(zip(chart.labels, values, strict=True)):
        colour, y = _COLOURS[place], _TOP + 44 + place * 26
        wide = (value or 0) / whole * (_WIDE - 2 * _EDGE)
        if wide:
            parts.append(_rect(x, _TOP, max(wide - 2, 1), 26, colour))
        x += wide
        said = _NONE if value is None else written.short(value, language)
        share = "" if value is None else written.percent(value / whole, language)
        parts += (
            _rect(_EDGE, y, 12, 12, colour),
            _text(_EDGE + 22, y + 11, label, 200),
            _text(_WIDE - _EDGE - 66, y + 11, said, 100, anchor="end", colour=_SOFT),
            _text(_WIDE - _EDGE, y + 11, share, 60, anchor="end", weight=700),
        )
    return parts, _TOP + 44 + 26 * len(values) + 8


def _ends(values: Sequence[float | None]) -> tuple[float, float]:
    """From where to where an axis goes: nought is always on it."""
    known = [value for value in values if value is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    return (low, high) if high > low else (0.0, 1.0)


def _place(value: float, low: float, high: float, start: float, end: float) -> float:
    return start + (value - low) / (high - low) * (end - start)


def _scale(low: float, high: float, left: float, right: float, language: str) -> str:
    marks = sorted({low, 0.0, (low + high) / 2 if low in {0.0, high} else 0.0, high})
    written_marks = (
        _rule(left - 8, y, right, y)
        + _text(left - 14, y + 4, written.short(value, language), 62, anchor="end", colour=_SOFT)
        for value in marks
        for y in (_place(value, low, high, _TOP + _PLOT, _TOP),)
    )
    return "".join(written_marks)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Points that follow each other without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if len(run) > 1]


def _path(run: Sequence[tuple[float, float]]) -> str:
    through = " L".join(f"{x:.1f},{y:.1f}" for x, y in run)
    return (
        f'<path d="M{through}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2.5"'
        ' stroke-linejoin="round"/>'
    )


def _below(labels: Sequence[str], left: float, step: float, y: float) -> list[str]:
    """As many labels as have room, the first always among them."""
    every = max(1, -(-len(labels) * 44 // (_WIDE - 2 * _EDGE - 74)))
    shown = range(0, len(labels), every)
    room = min(step * every - 6, 110) if len(labels) > 1 else 110
    return [
        _text(left + step * place, y, labels[place], room, anchor="middle", colour=_SOFT)
        for place in shown
    ]


def _text(
    x: float, y: float, said: str, room: float, *, size: int = 13, anchor: str = "start",
    colour: str = _INK, weight: int = 400,
) -> str:  # fmt: skip
    """Words, cut where they have no room: nobody measures letters here."""
    most = max(1, int(room / (size * _LETTER)))
    told = said if len(said) <= most else f"{said[: max(most - 1, 1)].rstrip()}…"
    safe = escape("".join(sign if sign.isprintable() else " " for sign in told))
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
        f' text-anchor="{anchor}" fill="{colour}">{safe}</text>'
    )


def _rect(x: float, y: float, wide: float, high: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="3"'
        f' fill="{colour}"/>'
    )


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f},{y:.1f} L{to_x:.1f},{to_y:.1f}" stroke="{_LINE}" stroke-width="1"/>'
