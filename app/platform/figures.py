"""How a number reads, everywhere: pages, mails, the API's sentences. Pure.

A rounded number never says more than the exact one: no 100 % where somebody is missing, no 0 %
where somebody is there, no minus before a zero, and a minus that is one. Nothing else in the code
formats a number for people; a test looks.
"""

from math import floor, isfinite, log10

_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # how far marks stand apart
_ENDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # of an axis
_SLIGHT = 1e-6  # what floats round away of a chance
_ABOVE_ZERO = frozenset("123456789")
_NEARLY = 1e-9  # what floats leave behind


def count(number: float) -> str:
    """1240 is `1,240`; decimals only where there are any."""
    _refuse_unknown(number)
    if float(number).is_integer():
        return _unsigned(f"{number:,.0f}")
    return _unsigned(f"{number:,.2f}".rstrip("0").rstrip("."))


def plural(number: float, one: str, many: str | None = None) -> str:
    """`1 person`, `600 people`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def people(number: float) -> str:
    """`1 person`, `600 people`."""
    return plural(number, "person", "people")


def exact(number: float) -> str:
    """A number as somebody put it: decimals only where there are any, six at most."""
    _refuse_unknown(number)
    return _unsigned(f"{number:,.6f}".rstrip("0").rstrip("."))


def score(number: float) -> str:
    """A grade or an error between 0 and 1: `0.72`."""
    _refuse_unknown(number)
    return _unsigned(f"{number:.2f}")


def share(rate: float, digits: int = 1) -> str:
    """A share that was measured: 0.12 is `12.0 %`, 0.9996 is `over 99.9 %`."""
    _refuse_unknown(rate)
    least = 10**-digits
    percent = 100 * rate
    if 0 < percent < least / 2 - _NEARLY:
        return f"under {least:.{digits}f} %"
    if 100 - least / 2 + _NEARLY < percent < 100:
        return f"over {100 - least:.{digits}f} %"
    return f"{_unsigned(f'{percent:.{digits}f}')} %"


def limit(rate: float) -> str:
    """A share that somebody set: 0.08 is `8 %`, 0.125 is `12.5 %`."""
    _refuse_unknown(rate)
    return f"{_set(100 * rate)} %"


def rough(rate: float) -> str:
    """A share to be read at a glance: 0.3133 is `31 %`, 0.0367 is `3.7 %`."""
    percent = 100 * rate
    return share(rate, 0) if percent >= 10 or percent == 0 else _tidy(share(rate, 1))


def chance(probability: float) -> str:
    """A chance: 0.87 is `87 %`, 0.998 is `over 99 %`, and nothing is ever sure."""
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is no chance: it cannot be told to anybody")
    return share(min(max(probability, _SLIGHT), 1 - _SLIGHT), 0)


def p_value(p: float) -> str:
    """0.0316 is `0.032`, and what is smaller than we show is said to be."""
    _refuse_unknown(p)
    return "under 0.001" if p < 0.001 else f"{p:.3f}"


def points(difference: float, digits: int = 1) -> str:
    """A difference of shares, always with its sign: 0.016 is `+1.6 points`."""
    return f"{signed(100 * difference, digits)} points"


def relative(ratio: float) -> str:
    """A difference as a share of what it is from, with its sign: 0.125 is `+12.5 %`."""
    return f"{signed(100 * ratio, 1)} %"


def axis(rate: float) -> str:
    """A share beside an axis, in three digits at most: `2.5 %`, `20 %`."""
    _refuse_unknown(rate)
    return f"{_unsigned(f'{100 * rate:.3g}')} %"


def ticks(scale: float) -> tuple[float, ...]:
    """Round marks from 0 to the end of an axis of shares: four to six of them, evenly."""
    _refuse_unknown(scale)
    step = next(step for step in _TICKS if scale <= 5.0001 * step)
    return tuple(round(step * place, 6) for place in range(int(scale / step + 1.0001)))


def axis_end(reach: float) -> float:
    """Where an axis of shares ends that must reach so far: at a round mark."""
    _refuse_unknown(reach)
    return next((end for end in _ENDS if end >= reach), 1.0)


def axis_points(difference: float) -> str:
    """A difference of shares beside an axis that says what it is in: `+1.6`."""
    return signed(100 * difference, 1)


def set_points(difference: float) -> str:
    """A difference that somebody set: 0.02 is `2 points`, 0.01 is `1 point`."""
    said = _set(100 * difference)
    return f"{said} {'point' if said == '1' else 'points'}"


def aim(rate: float) -> str:
    """A share that was worked out to be seen: 0.1102 is `11 %`, 0.0025 is `0.25 %`."""
    digits = 1 if rate >= 0.01 else 2
    return _tidy(share(rate, digits))


def aim_points(difference: float) -> str:
    """A difference that was worked out to be seen: `3.1 points`."""
    said = aim(difference).removesuffix(" %")
    return f"{said} {'point' if said == '1' else 'points'}"


def signed(number: float, digits: int) -> str:
    """`+1.6`, `−0.3`, and `0.0` without a sign."""
    _refuse_unknown(number)
    return _unsigned(f"{number:+,.{digits}f}")


def value(number: float) -> str:
    """A value per person, at two decimals, more where it is small: 12.5 is `12.50`."""
    _refuse_unknown(number)
    digits = 2 if number == 0 or abs(number) >= 0.1 else min(10, 2 - floor(log10(abs(number))))
    written = f"{number:,.{digits}f}"
    return _unsigned(written if digits == 2 else written.rstrip("0"))


def signed_value(number: float) -> str:
    """A difference of values per person: `+12.50`."""
    written = value(number)
    return f"+{written}" if number > 0 and not _is_zero(written) else written


def whole(number: float) -> str:
    """A number that is a guess anyway, without decimals: `1,200`, and never `-0`."""
    _refuse_unknown(number)
    return _unsigned(f"{number:,.0f}")


def signed_whole(number: float) -> str:
    """The same with its sign: `+360`."""
    return signed(number, 0)


def _set(percent: float) -> str:
    """As few decimals as say it: 8, 12.5, 0.25."""
    return _unsigned(f"{round(percent, 6):.10g}")


def _tidy(said: str) -> str:
    """Without a fraction that says nothing."""
    return said.replace(".00 %", " %").replace(".0 %", " %")


def _unsigned(written: str) -> str:
    """Nobody reads `-0`, and a minus is as wide as a plus."""
    return written.lstrip("-+") if _is_zero(written) else written.replace("-", "−")


def _is_zero(written: str) -> bool:
    return _ABOVE_ZERO.isdisjoint(written)


def _refuse_unknown(number: float) -> None:
    """What isn't known is written by nobody: a caller that has no number says so in words."""
    if not isfinite(number):
        raise ValueError(f"{number} cannot be told to anybody")
