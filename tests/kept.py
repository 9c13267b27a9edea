"""Every number that is kept so that nobody has to count: what it says, and what raw rows say.

`spoilt` is a statement after which the two differ: the comparison can fail.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.delivery.models import SendCount
from app.experiments.models import Enrolment, ExperimentLink, Ineligible, PeopleCount
from app.tally.models import Counter as Counted
from app.tally.models import DayCounter, DidCounter, LinkCounter, Outcome
from app.tally.shares import NUMBERS
from app.tracking.models import Reaction
from tests.recount import Numbers, Rows, numbers_of


@dataclass(frozen=True)
class Kept:
    """Numbers in a table, and the same from the rows that they stand for. Zeros are left out."""

    table: str
    what: str
    kept: Callable[[Rows], Numbers]
    raw: Callable[[Rows], Numbers]
    spoilt: str

    def differences(self, rows: Rows) -> list[str]:
        """Where the two disagree, in words."""
        kept, raw = _without_zeros(self.kept(rows)), _without_zeros(self.raw(rows))
        return [
            f"{self.what} {key}: kept {kept.get(key)}, counted {raw.get(key)}"
            for key in sorted(kept.keys() | raw.keys(), key=str)
            if kept.get(key) != raw.get(key)
        ]


def differences(rows: Rows) -> list[str]:
    """Of all that is kept."""
    return [said for one in KEPT for said in one.differences(rows)]


def _without_zeros(numbers: Numbers) -> Numbers:
    return {key: number for key, number in numbers.items() if number}


def _summed(pairs: Iterable[tuple[tuple[Any, ...], float]]) -> Numbers:
    found: defaultdict[tuple[Any, ...], float] = defaultdict(float)
    for key, number in pairs:
        found[key] += number
    return dict(found)


def _counted(keys: Iterable[tuple[Any, ...]]) -> Numbers:
    return dict(Counter(keys))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _sends_kept(rows: Rows) -> Numbers:
    return _summed(((one.experiment_id, one.state), one.sends) for one in rows.all(SendCount))


def _sends(rows: Rows) -> Numbers:
    return _counted((one.experiment_id, one.state) for one in rows.sends)


def _who_is_in_kept(rows: Rows) -> Numbers:
    return _summed(((one.experiment_id, one.reason), one.people) for one in rows.all(PeopleCount))


def _who_is_in(rows: Rows) -> Numbers:
    enrolled = [(one.experiment_id, "") for one in rows.all(Enrolment)]
    return _counted(enrolled + [(one.experiment_id, one.reason) for one in rows.all(Ineligible)])


def _links_kept(rows: Rows) -> Numbers:
    return {(one.key_result_id, one.experiment_id): 1 for one in rows.all(ExperimentLink)}


def _hours_kept(rows: Rows) -> Numbers:
    return {
        (one.experiment_id, one.arm, one.hour, one.stratum, name): float(getattr(one, name))
        for one in rows.all(Counted)
        for name in NUMBERS
    }


def _hours(rows: Rows) -> Numbers:
    return _summed(
        ((one.experiment_id, one.arm, _hour(one.released_at), one.stratum, name), number)
        for one in rows.outcomes
        for name, number in numbers_of(one).items()
    )


def _days_kept(rows: Rows) -> Numbers:
    return {(one.experiment_id, one.arm, one.day): one.people for one in rows.all(DayCounter)}


def _days(rows: Rows) -> Numbers:
    return _counted(
        (one.experiment_id, one.arm, max(0, (one.did_at - one.released_at).days))
        for one in rows.outcomes
        if one.did_at
    )


def _did_kept(rows: Rows) -> Numbers:
    return {(one.experiment_id, one.arm, one.hour): one.people for one in rows.all(DidCounter)}


def _did(rows: Rows) -> Numbers:
    return _counted(
        (one.experiment_id, one.arm, _hour(one.did_at)) for one in rows.outcomes if one.did_at
    )


def _of_links_kept(rows: Rows) -> Numbers:
    return {
        (one.experiment_id, one.arm, one.link, name): getattr(one, name)
        for one in rows.all(LinkCounter)
        for name in ("hits", "clickers", "nameless")
    }


def _of_links(rows: Rows) -> Numbers:
    found: Counter[tuple[Any, ...]] = Counter()
    for one in rows.outcomes:
        for link, hits in rows.raw_clicks(one).items():
            found[one.experiment_id, one.arm, link, "hits"] += hits
        for link in rows.human_links(one):
            found[one.experiment_id, one.arm, link, "clickers"] += 1
    for hit in rows.nameless():
        found[hit.experiment_id, hit.arm, hit.link, "nameless"] += hit.count
    return dict(found)


def _remembered_kept(rows: Rows) -> Numbers:
    return {
        (one.send_id, int(link), name): number
        for one in rows.all(Reaction)
        for link, numbers in one.links.items()
        for name, number in zip(("hits", "people"), numbers, strict=True)
    }


def _remembered(rows: Rows) -> Numbers:
    found: Numbers = {}
    for one in rows.outcomes:
        found |= {(one.send_id, link, "hits"): n for link, n in rows.raw_clicks(one).items()}
        found |= {(one.send_id, link, "people"): 1 for link in rows.human_links(one)}
    return found


def _fields(rows: Rows, expected: Callable[[Outcome], dict[str, Any]]) -> tuple[Numbers, Numbers]:
    """Of every outcome: what stands there, and what is expected."""
    raw = {
        (one.experiment_id, one.send_id, name): value
        for one in rows.outcomes
        for name, value in expected(one).items()
    }
    held = {one.send_id: one for one in rows.outcomes}
    return {key: getattr(held[key[1]], key[2]) for key in raw}, raw


def _of_send(rows: Rows) -> Callable[[Outcome], dict[str, Any]]:
    sends = {one.id: one for one in rows.sends}
    ends = ("failed", "bounced", "uncertain")  # one that was sent may come back later

    def expected(one: Outcome) -> dict[str, Any]:
        send = sends[one.send_id]
        was_taken = {"sent": send.accepted_at is not None, "released_at": send.released_at}
        return {name: send.state == name for name in ends} | was_taken

    return expected


def _people_kept(rows: Rows) -> Numbers:
    return {(one.id,): one.people for one in rows.audiences}


def _people(rows: Rows) -> Numbers:
    return _counted((one.audience_id,) for one in rows.memberships)


def _enrolled_kept(rows: Rows) -> Numbers:
    started = (one for one in rows.experiments.values() if one.enrolled is not None)
    return {(one.id,): one.enrolled for one in started}


def _enrolled(rows: Rows) -> Numbers:
    mine = (rows.experiments[one.experiment_id] for one in rows.enrolments)
    return _counted((one.id,) for one in mine if one.enrolled is not None)


def _lines_kept(rows: Rows) -> Numbers:
    return {
        (one.id, name): getattr(one, name) for one in rows.imports for name in ("rows", "refused")
    }


def _lines(rows: Rows) -> Numbers:
    parts = ("added", "updated", "unchanged", "refused", "erased")
    every = {(one.id, "rows"): sum(getattr(one, name) for name in parts) for one in rows.imports}
    return every | _counted((one.import_id, "refused") for one in rows.refusals)


KEPT: tuple[Kept, ...] = (
    Kept("send_count", "sends", _sends_kept, _sends, "UPDATE send_count SET sends = sends + 1"),
    Kept(
        "people_count",
        "who is in",
        _who_is_in_kept,
        _who_is_in,
        "UPDATE people_count SET people = people + 1",
    ),
    Kept(
        "experiment_link",
        "links to key results",
        _links_kept,
        lambda rows: dict.fromkeys(rows.linked(), 1),
        "DELETE FROM experiment_link",
    ),
    Kept("counter", "counter", _hours_kept, _hours, "UPDATE counter SET released = released + 1"),
    Kept("day_counter", "day", _days_kept, _days, "UPDATE day_counter SET people = people + 1"),
    Kept("did_counter", "hour", _did_kept, _did, "UPDATE did_counter SET people = people + 1"),
    Kept(
        "link_counter",
        "clicks of a link",
        _of_links_kept,
        _of_links,
        "UPDATE link_counter SET clickers = clickers + 1",
    ),
    Kept(
        "reaction",
        "a send's links",
        _remembered_kept,
        _remembered,
        "UPDATE reaction SET links = '{}'",
    ),
    Kept(
        "outcome",
        "what hits made",
        lambda rows: _fields(rows, rows.of_hits)[0],
        lambda rows: _fields(rows, rows.of_hits)[1],
        "UPDATE outcome SET clicks = clicks + 1",
    ),
    Kept(
        "outcome",
        "what was told",
        lambda rows: _fields(rows, rows.of_reports)[0],
        lambda rows: _fields(rows, rows.of_reports)[1],
        "UPDATE outcome SET value = value + 1",
    ),
    Kept(
        "outcome",
        "what was written back",
        lambda rows: _fields(rows, rows.of_answers)[0],
        lambda rows: _fields(rows, rows.of_answers)[1],
        "UPDATE outcome SET replied_at = released_at",
    ),
    Kept(
        "outcome",
        "what became of the mail",
        lambda rows: _fields(rows, _of_send(rows))[0],
        lambda rows: _fields(rows, _of_send(rows))[1],
        "UPDATE send SET state = 'failed', released_at = NULL",
    ),
    Kept("audience", "people", _people_kept, _people, "UPDATE audience SET people = people + 1"),
    Kept(
        "experiment",
        "enrolled",
        _enrolled_kept,
        _enrolled,
        "UPDATE experiment SET enrolled = enrolled + 1",
    ),
    Kept("import", "lines", _lines_kept, _lines, 'UPDATE "import" SET rows = rows + 1'),
)
