"""Who may be asked: settled before randomisation, the same way for every arm.

The launch page counts with the same code that the start enrols with.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from app.audience import conditions, declined_store
from app.audience.columns import Columns, Misfit
from app.audience.consent import allows
from app.audience.members import Member
from app.audience.own import NAMES_LANGUAGE
from app.experiments import contacts
from app.experiments.design_schemas import Draft
from app.experiments.ports import Fault, Reason, Writer
from app.platform.config import Privacy

CHUNK = 400  # people a transaction: about 30 ms of one core, so that nobody waits for it
_EXAMPLES = 5  # addresses that a page names
_MAILS = 20  # people whose mails a page may show; ours
_FAULTS = frozenset(Reason)
# Not for the mail's sake.
_PASSES = frozenset({"suppressed", "declined", "consent", "excluded", "cooling_off"})
Known = Mapping[str, Fault | None]  # by person: why the mail cannot be written; None where it can


@dataclass(frozen=True, slots=True)
class _Unwanted:
    """Address keys of people who get no mail at all, and of those who turned off this kind."""

    every: set[str]
    kind: set[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """Somebody of the audience: eligible, or the reason why not."""

    member: Member
    # filter, suppressed, declined, consent, excluded, cooling_off, or a fault's
    reason: str | None = None
    detail: str = ""
    about: str = ""


Ruling = Callable[[Sequence[Member]], list[Judged]]


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What mails depend on beside their people: while it stays, what came of composing them holds.

    `frame` and `day` are in the hash; they change without anybody changing the design.
    """

    hash: str
    frame: str
    day: str


@dataclass(frozen=True, slots=True)
class Judge:
    """The design's conditions, and what they are checked with."""

    experiment_id: str
    design: Draft
    columns: Columns
    writer: Writer
    privacy: Privacy
    now: datetime
    made_of: MadeOf

    @property
    def audience_id(self) -> str:
        """Whose people are judged; a design without an audience has none."""
        return self.design.audience_id or ""

    @property
    def frozen(self) -> frozenset[str]:
        """Columns that the content prints and the analysis needs, by their own names."""
        covariate = self.design.metric.covariate
        traits = (*self.design.segments, *([covariate] if covariate else []))
        zone = self.design.hours.zone_column
        names = (*self.writer.columns_used, *traits, *NAMES_LANGUAGE, *([zone] if zone else []))
        return frozenset(map(self.columns.real, names))

    def judge(self, session: Session, people: Sequence[Member]) -> list[Judged]:
        """Settle each of them; a few queries for all."""
        return self.written(self.ruled(session, people))

    def ruled(self, session: Session, people: Sequence[Member]) -> list[Judged]:
        """What the database knows of each: who is left out, and whom to try writing to."""
        return self.ruling(session, people)(people)

    def ruling(self, session: Session, people: Sequence[Member]) -> Ruling:
        """The same for whoever stops on the way: asked for all, said of those who are given."""
        keys = [person.email_key for person in people]
        unwanted = _Unwanted(*declined_store.unwanted(session, keys, self.design.mail_kind))
        taken = self.taken(session, people)
        return lambda some: [self._ruled(member, unwanted, taken) for member in some]

    def written(self, ruled: Sequence[Judged], known: Known | None = None) -> list[Judged]:
        """Write the mail to whoever is left, as the sender will. It needs no transaction.

        Those of whom it is `known` what comes of it are not written to again.
        """
        faults = dict(known or {})
        left = [judged.member for judged in ruled if judged.reason is None]
        faults |= self.faults([member for member in left if member.person_id not in faults])
        return [
            _faulty(judged, faults[judged.member.person_id]) if not judged.reason else judged
            for judged in ruled
        ]

    def composed(self, ruled: Sequence[Judged]) -> tuple[list[Judged], dict[str, Fault]]:
        """Write to everybody who may be left when it starts; all of them, and whose mail fails."""
        may_be = [
            judged.member for judged in ruled if judged.reason is None or judged.reason in _PASSES
        ]
        faults = self.faults(may_be)
        found = {person_id: fault for person_id, fault in faults.items() if fault}
        return self.written(ruled, faults), found

    def faults(self, people: Sequence[Member]) -> dict[str, Fault | None]:
        """Why the mail cannot be written to each of them, by their ids."""
        asked = [(person, person.row()) for person in people]
        found = zip(asked, self.writer.faults(asked) if asked else [], strict=True)
        return {member.person_id: fault or self._no_number(row) for (member, row), fault in found}

    def taken(self, session: Session, people: Sequence[Member]) -> dict[str, str]:
        """Whom other experiments keep from this one, by person, and why.

        Cooling off counts mails, and whoever another experiment is about to release.
        """
        days, named = self.design.exclude.cooling_off_days, self.design.exclude.experiment_ids
        return contacts.kept_away(
            session,
            [person.person_id for person in people],
            since=self.now - timedelta(days=days) if days else None,
            experiment_ids=named,
            but=self.experiment_id,
        )

    def _ruled(self, member: Member, unwanted: "_Unwanted", taken: Mapping[str, str]) -> Judged:
        outside = self._filtered(member, member.row())
        if outside:
            return outside
        rules = (
            (member.email_key in unwanted.every, "suppressed", ""),
            (member.email_key in unwanted.kind, "declined", self.design.mail_kind),
            (
                not allows(member.consent_click, self.privacy),
                "consent",
                f"clicks: {member.consent_click}",
            ),
            (member.person_id in taken, taken.get(member.person_id, ""), ""),
        )
        left_out = (Judged(member, reason, why) for is_so, reason, why in rules if is_so)
        return next(left_out, Judged(member))

    def _filtered(self, member: Member, row: Mapping[str, object]) -> Judged | None:
        """Whom the filter leaves out; a cell that it cannot compare is a reason of its own."""
        try:
            meets = conditions.matches(row, self.design.where, columns=self.columns)
        except Misfit as error:
            return Judged(member, Reason.MISFIT, error.column, str(error))
        return None if meets else Judged(member, "filter")

    def _no_number(self, row: Mapping[str, object]) -> Fault | None:
        """The covariate, where this person has no number there: CUPED needs one of everybody."""
        name = self.design.metric.covariate
        if name is None or self.columns.number(name, row) is not None:
            return None
        return Fault(Reason.MISSING, name)


@dataclass
class Eligibility:
    """Who remains, and why the others do not."""

    total: int = 0
    looked_at: int = 0  # of them; the others are expected to be like them
    estimated: bool = False  # the audience is too large to be looked through for a page
    eligible: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)  # reason and detail
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # who has the fault
    longest: int = 0  # of the mails written on the way: what its writer says
    mailed: list[str] = field(default_factory=list)  # the first few who remain, by id

    def add(self, judged: Judged) -> None:
        """Count one more."""
        self.total += 1
        self.looked_at += 1
        if judged.reason is None:
            self.eligible += 1
            self.mailed += [judged.member.person_id] if len(self.mailed) < _MAILS else []
            return
        self.reasons[judged.reason] += 1
        if judged.reason in _FAULTS:
            fault = (judged.reason, judged.detail)
            self.faults[fault] += 1
            named = self.examples.setdefault(fault, [])
            if len(named) < _EXAMPLES:
                named.append(_named(judged))

    def scale_to(self, people: int) -> None:
        """What the people looked at say about all of them."""
        if people <= self.total:
            return
        factor = people / self.total
        self.eligible = round(self.eligible * factor)
        for name, number in self.reasons.items():
            self.reasons[name] = round(number * factor)
        for fault, number in self.faults.items():
            self.faults[fault] = round(number * factor)
        self.total, self.estimated = people, True

    def cut_to(self, sample: int | None) -> None:
        """Leave only the sample."""
        if sample is not None and sample < self.eligible:
            self.reasons["sample"] = self.eligible - sample
            self.eligible = sample


def _faulty(judged: Judged, fault: Fault | None) -> Judged:
    return Judged(judged.member, fault.reason, fault.detail, fault.about) if fault else judged


def _named(judged: Judged) -> str:
    """Somebody, with the line of their file where a cell is what keeps them out."""
    if not judged.about:
        return judged.member.email
    line = f"line {judged.member.line}: " if judged.member.line else ""
    return f"{judged.member.email} ({line}{judged.about})"
