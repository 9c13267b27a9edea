"""Numbers, shares and moments as people type them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.platform import figures
from app.platform.errors import FieldError, Invalid
from app.web.kit.form_state import Typed


class Reader:
    """Reads numbers, and remembers which fields held none, so that all are named at once."""

    def __init__(self, form: Typed) -> None:
        self._form = form
        self._wrong: list[FieldError] = []

    def number(self, name: str) -> float | int | None:
        text = self._form.text(name)
        if text is None:
            return None
        try:
            value = float(text.replace(",", ".").replace("%", ""))
        except ValueError:
            self._wrong.append(FieldError(name, "Write a number here."))
            return None
        return int(value) if value.is_integer() else value

    def share(self, name: str, *, between: tuple[float, float] = (0, 1)) -> float | None:
        points = self.number(name)
        if points is None:
            return None
        share, (low, high) = round(points / 100, 12), between
        if low <= share <= high:
            return share
        ends = f"{figures.limit(low).removesuffix(' %')} and {figures.limit(high)}"
        self._wrong.append(FieldError(name, f"Write a number between {ends}."))
        return None

    def moment(self, name: str, zone: ZoneInfo) -> str | None:
        try:
            at = moment_of(self._form.text(name), zone)
        except ValueError:
            self._wrong.append(FieldError(name, "Write a day and a time here."))
            return None
        return at.isoformat() if at else None

    def refuse_unread(self) -> None:
        if self._wrong:
            raise Invalid("Please look at the marked fields.", errors=tuple(self._wrong))


def moment_of(text: str | None, zone: ZoneInfo) -> datetime | None:
    """What a date-and-time field says. Raises ValueError where it says no time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone) if text else None


def local(moment: str | datetime | None, zone: ZoneInfo) -> str | None:
    """A moment as a date-and-time field shows it: the organisation's wall clock."""
    if not moment:
        return None
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def points(share: float | None) -> float | None:
    """A share as percentage points."""
    return None if share is None else round(100 * share, 10)
