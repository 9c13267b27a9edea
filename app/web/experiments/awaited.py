"""What a readout says while little has come: what is awaited, and what a click does."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.analysis.readout_types import ArmCounts, Readout, State
from app.experiments.plans import SETTLES_AFTER
from app.experiments.vocabulary import HOLDOUT
from app.web.kit import formatting

_LITTLE = 3  # people; from then on the readout speaks for itself
_MINUTES = int(SETTLES_AFTER.total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Awaited:
    """How far it is to the line, and what happens next. Shares of everybody who may do it."""

    sentence: str
    did: int
    needed: int | None  # None: versions are compared, and no number of people decides
    people: int
    machines: int
    caption: str
    rows: tuple[tuple[str, str], ...]


def awaited(readout: Readout, zone: ZoneInfo) -> Awaited | None:
    """None once there is something to read, or nothing to wait for."""
    arms = [arm for arm in readout.arms if arm.key != HOLDOUT]
    did, people = sum(arm.did for arm in arms), sum(arm.enrolled for arm in arms)
    if readout.call.state is not State.WAITING or did >= _LITTLE or not people:
        return None
    needed = readout.call.pass_count
    machines = sum(arm.machine_clickers for arm in arms)
    return Awaited(
        sentence=_sentence(readout, did, needed, people),
        did=did,
        needed=needed,
        people=people,
        machines=machines,
        caption=_caption(did, needed, people, machines),
        rows=tuple(_rows(readout, arms, did, needed, zone)),
    )


def _sentence(readout: Readout, did: int, needed: int | None, people: int) -> str:
    of = formatting.plural(people, "person", "people")
    whom = f"{formatting.number(did)} of {of} {readout.rule.words.did} so far."
    if needed is None:
        return whom
    if did >= needed:
        return f"{whom} That is enough, if it holds until the last window closes."
    return f"{whom} {formatting.number(needed)} must, before your line is passed."


def _caption(did: int, needed: int | None, people: int, machines: int) -> str:
    parts = [f"{formatting.plural(did, 'person', 'people')} of {formatting.number(people)}"]
    if needed is not None:
        parts.append(f"{formatting.number(needed)} needed")
    parts.append(f"{formatting.plural(machines, 'machine')}, never counted")
    return "; ".join(parts)


def _rows(
    readout: Readout, arms: list[ArmCounts], did: int, needed: int | None, zone: ZoneInfo
) -> Iterator[tuple[str, str]]:
    moment = formatting.filters(zone)["moment"]
    sent = sum(arm.released for arm in arms)
    if not sent:
        yield "First", "The mails leave. Until then nobody can do anything."
    next_one = f"the {_ordinal(did + 1)} person would make it {formatting.number(did + 1)}"
    of = f" of {formatting.number(needed)} needed" if needed else ""
    yield "Within seconds", f"Whoever follows a link is here: {next_one}{of}."
    yield (
        f"{_MINUTES} minutes after a click",
        "It is settled whether a person or a machine was behind it.",
    )
    coming = [look for look in readout.looks if look.held_at is None]
    if len(coming) > 1:
        yield moment(coming[0].due_at), "The first look: what it says counts."
    if readout.call.answer_by is not None:
        yield moment(readout.call.answer_by), "The last window has closed: the answer stands here."


def _ordinal(number: int) -> str:
    return ("first", "second", "third")[number - 1] if number <= _LITTLE else f"{number}th"
