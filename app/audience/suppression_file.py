"""The do-not-mail list as a file: written whole, and read line by line, nobody lost silently.

Its columns are `email`, `kind` (empty: no mail at all), `reason` and `since`. A file of addresses
alone, one a line and without a heading, is such a list, too.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Final

from sqlmodel import Session

from app.audience import declined_store, suppression_store
from app.audience.addresses import BadAddress, key_of
from app.audience.columns import folded
from app.audience.models import Declined, Suppression
from app.audience.own import OWN
from app.platform import figures, separators, text_files
from app.platform.clock import iso
from app.platform.errors import Invalid
from app.platform.paging import Part, every
from app.platform.spreadsheets import escaped, read_back
from app.platform.texts import line_part
from app.platform.written_days import Order, read

COLUMNS: Final = ("email", "kind", "reason", "since")
MOST_BYTES: Final = 5_000_000  # about a hundred thousand addresses
IMPORTED: Final = "imported"  # the reason of a line that says none
_HEADINGS = {
    "email": OWN["email"].headers,
    "kind": ("kind", "mailkind"),
    "reason": ("reason", "why", "grund", "raison", "motivo", "årsak"),
    "since": ("since", "createdat", "date", "unsubscribedat", "seit", "depuis", "desde", "siden"),
}
_LOOKED_AT = 60  # lines from which the separator is found
_LONGEST = 200  # characters of a reason
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that could not be taken, and why."""

    line: int
    why: str


@dataclass(slots=True)
class Taken:
    """What became of a file."""

    added: int = 0  # wishes that were new: addresses, or kinds of mail of them
    known: int = 0  # were on the list already, and stay as they were
    undated: int = 0  # of them, those whose day cannot be read: they count from today
    refused: list[Refused] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """What was done, in words."""
        said = [f"{figures.plural(self.added, 'entry', 'entries')} added."]
        if self.known:
            verb = "was" if self.known == 1 else "were"
            said.append(f"{figures.count(self.known)} {verb} on the list already.")
        if self.undated:
            days = figures.plural(self.undated, "day")
            said.append(f"{days} could not be read: those entries count from today.")
        if self.refused:
            said.append(f"{figures.plural(len(self.refused), 'line')} could not be taken.")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class _Wish:
    key: str
    kind: str
    reason: str
    since: datetime


def written(session: Session) -> Iterator[str]:
    """The whole list, newest first; cells that a spreadsheet would run are escaped."""
    yield "\ufeff" + _line(COLUMNS)
    for row in every(partial(_suppressions, session)):
        yield _line((row.email_key, "", row.reason, iso(row.created_at)))
    for one in every(partial(_declined, session)):
        said = suppression_store.UNSUBSCRIBED
        yield _line((one.email_key, one.mail_kind, said, iso(one.created_at)))


def _suppressions(session: Session, cursor: str | None) -> Part[Suppression]:
    return suppression_store.suppressions(session, cursor=cursor, limit=_PAGE)


def _declined(session: Session, cursor: str | None) -> Part[Declined]:
    return declined_store.listed(session, cursor=cursor, limit=_PAGE)


def take(session: Session, text: str, *, kinds: Sequence[str], by: str, now: datetime) -> Taken:
    """Put everybody of a file on the list; whoever is on it already stays as they are.

    Args:
        kinds: the kinds of mail that a line may name.

    Raises:
        Invalid: it is no such file, with what to do.
    """
    taken = Taken()
    wishes = list({(one.key, one.kind): one for one in _wishes(text, kinds, taken, now)}.values())
    for start in range(0, len(wishes), _PAGE):
        _put(session, wishes[start : start + _PAGE], taken, by=by)
    return taken


def text_of(raw: bytes) -> str:
    """The file as text. Raises Invalid, saying what to do, where it is none."""
    return text_files.text_of(
        raw, most_bytes=MOST_BYTES, otherwise="Save the list as CSV and try again."
    )


def _put(session: Session, wishes: Sequence[_Wish], taken: Taken, *, by: str) -> None:
    of_all = [one for one in wishes if not one.kind]
    of_kinds = [one for one in wishes if one.kind]
    keys = [one.key for one in wishes]
    known = suppression_store.suppressed(session, keys)
    declined = {
        (key, kind)
        for kind in {one.kind for one in of_kinds}
        for key in declined_store.declined(session, keys, kind)
    }
    new = [one for one in of_all if one.key not in known]
    suppression_store.suppress_rows(
        session, [(one.key, one.reason, one.since) for one in of_all], by=by
    )
    new_kinds = [one for one in of_kinds if (one.key, one.kind) not in declined]
    declined_store.decline_rows(
        session, [(one.key, one.kind, one.since) for one in of_kinds], by=by
    )
    taken.added += len(new) + len(new_kinds)
    taken.known += len(wishes) - len(new) - len(new_kinds)


def _wishes(text: str, kinds: Sequence[str], taken: Taken, now: datetime) -> Iterator[_Wish]:
    text_files.refuse_large(len(text), most_bytes=MOST_BYTES)
    for line, cells in _rows(text):
        try:
            key = key_of(cells.get("email", ""))
        except BadAddress as error:
            taken.refused.append(Refused(line, str(error)))
            continue
        kind = cells.get("kind", "").casefold()
        if kind and kind not in kinds:
            known = ", ".join(kinds)
            why = (
                f"There is no kind of mail “{kind[:40]}”. Leave it empty, or write one of: {known}."
            )
            taken.refused.append(Refused(line, why))
            continue
        reason = line_part(cells.get("reason", ""))[:_LONGEST] or IMPORTED
        yield _Wish(key, kind, reason, _since(cells.get("since", ""), taken, now))


def _since(cell: str, taken: Taken, now: datetime) -> datetime:
    """When they said so; today where nobody can tell, for that they said so is what counts."""
    if not cell:
        return now
    found = read(cell, Order.YEAR_FIRST)
    if isinstance(found, datetime):
        moment = found if found.tzinfo else found.replace(tzinfo=UTC)
    elif isinstance(found, date):
        moment = datetime.combine(found, time.min, UTC)
    else:
        taken.undated += 1
        return now
    return min(moment.astimezone(UTC), now)


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line that holds anything, with its cells by the columns that we know."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise Invalid.at("file", "The file is empty. Write one address on each line.")
    sign = separators.told(lines[first])
    first += sign is not None
    sign = sign or separators.found(lines[first : first + _LOOKED_AT], _is_known)
    reader = csv.reader(iter(lines[first:]), delimiter=sign, strict=True)
    names: list[str] | None = None
    began = first + 1
    try:
        for cells in reader:
            if names is None:
                names, is_heading = _names(cells)
                cells = [] if is_heading else cells  # noqa: PLW2901 - a heading holds nobody
            if any(cell.strip() for cell in cells):
                yield began, _named(names, cells)
            began = first + reader.line_num + 1
    except csv.Error as error:
        raise Invalid.at("file", f"Line {began} cannot be read as CSV: {error}.") from error


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    told = zip(names, read_back(cell.strip() for cell in cells), strict=False)
    return {name: cell for name, cell in told if name}


def _names(cells: Sequence[str]) -> tuple[list[str], bool]:
    """What each column holds, and whether this first line says it."""
    named = [_name(cell) for cell in cells]
    if "email" in named:
        return named, True
    if "@" in cells[0]:
        return ["email"], False
    raise Invalid.at(
        "file", "No column is called “email”. Name it so in the first line, and try again."
    )


def _name(heading: str) -> str:
    plain = folded(heading)
    return next((name for name, known in _HEADINGS.items() if plain in known), "")


def _is_known(heading: str) -> bool:
    return bool(_name(heading))


def _line(cells: Sequence[object]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerow([escaped(cell) for cell in cells])
    return made.getvalue()
