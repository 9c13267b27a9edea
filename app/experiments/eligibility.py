"""Who may be asked: settled before randomisation, the same way for every arm.

The launch page counts with the same code that the start enrols with.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import isfinite

from sqlmodel import Session

from app.audience import members
from app.audience import store as audience
from app.audience.members import Member
from app.audience.models import Consent
from app.experiments import store
from app.experiments.ports import Renderable
from app.experiments.schemas import Draft
from app.platform.config import Privacy

CHUNK = 2000  # people a transaction
MOST_LOOKED_AT = 10_000  # people that a page waits for; ours. A start looks at everybody
_EXAMPLES = 5  # addresses that a page names


@dataclass(frozen=True, slots=True)
class Judged:
    """Somebody of the audience: eligible, or the reason why not."""

    member: Member
    reason: str | None = None  # filter, suppressed, consent, excluded, cooling_off, missing_column
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """The design's conditions, and what they are checked with."""

    experiment_id: str
    design: Draft
    renderable: Renderable
    privacy: Privacy
    now: datetime

    @property
    def audience_id(self) -> str:
        """Whose people are judged; a design without an audience has none."""
        return self.design.audience_id or ""

    @property
    def traits(self) -> frozenset[str]:
        """Columns that the analysis needs, frozen with those that the content prints."""
        covariate = self.design.metric.covariate
        return frozenset([*self.design.segments, *([covariate] if covariate else [])])

    def judge(self, session: Session, people: Sequence[Member]) -> list[Judged]:
        """Settle each of them; a few queries for all."""
        suppressed = audience.suppressed(session, [one.email_key for one in people])
        excluded = self._excluded(session, people)
        cooling = self._cooling_off(session, people)
        return [Judged(one, *self._reason(one, suppressed, excluded, cooling)) for one in people]

    def _reason(
        self, one: Member, suppressed: set[str], excluded: set[str], cooling: set[str]
    ) -> tuple[str | None, str]:
        if not members.matches(one, self.design.where):
            return "filter", ""
        if one.email_key in suppressed:
            return "suppressed", ""
        if not self._may_be_tracked(one):
            return "consent", f"clicks: {one.consent_click}"
        if one.person_id in excluded:
            return "excluded", ""
        if one.person_id in cooling:
            return "cooling_off", ""
        missing = self.renderable.missing(self.design.arms, one.row()) or self._no_number(one)
        return ("missing_column", missing) if missing else (None, "")

    def _no_number(self, one: Member) -> str | None:
        """The covariate, where this person has no number there: CUPED needs one of everybody."""
        name = self.design.metric.covariate
        if name is None:
            return None
        try:
            number = float(str(one.row().get(name, "")))
        except ValueError:
            return name
        return None if isfinite(number) else name

    def _may_be_tracked(self, one: Member) -> bool:
        if self.privacy is Privacy.AGGREGATE:
            return False
        return one.consent_click == Consent.YES or (
            self.privacy is Privacy.STANDARD and one.consent_click == Consent.UNKNOWN
        )

    def _excluded(self, session: Session, people: Sequence[Member]) -> set[str]:
        named = self.design.exclude.experiment_ids
        if not named:
            return set()
        return self._before(session, people, named=named, since=None)

    def _cooling_off(self, session: Session, people: Sequence[Member]) -> set[str]:
        since = store.cooling_off(self.now, self.design.exclude.cooling_off_days)
        if since is None:
            return set()
        return self._before(session, people, named=(), since=since)

    def _before(
        self,
        session: Session,
        people: Sequence[Member],
        *,
        named: Sequence[str],
        since: datetime | None,
    ) -> set[str]:
        ids = [one.person_id for one in people]
        return store.enrolled_before(
            session, ids, experiment_ids=named, since=since, but=self.experiment_id
        )


@dataclass
class Eligibility:
    """Who remains, and why the others do not."""

    total: int = 0
    estimated: bool = False  # the audience is too large to be looked through for a page
    eligible: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)  # that are missing, for how many
    examples: dict[str, list[str]] = field(default_factory=dict)  # addresses by column

    @property
    def sampled(self) -> int:
        """Who is left out by the sample alone."""
        return self.reasons.get("sample", 0)

    def add(self, one: Judged) -> None:
        """Count one more."""
        self.total += 1
        if one.reason is None:
            self.eligible += 1
            return
        self.reasons[one.reason] += 1
        if one.reason == "missing_column":
            self.columns[one.detail] += 1
            named = self.examples.setdefault(one.detail, [])
            if len(named) < _EXAMPLES:
                named.append(one.member.email)

    def scale_to(self, people: int) -> None:
        """What the people looked at say about all of them."""
        if people <= self.total:
            return
        factor = people / self.total
        self.eligible = round(self.eligible * factor)
        for counts in (self.reasons, self.columns):
            for name, number in counts.items():
                counts[name] = round(number * factor)
        self.total, self.estimated = people, True

    def cut_to(self, sample: int | None) -> None:
        """Leave only the sample."""
        if sample is not None and sample < self.eligible:
            self.reasons["sample"] = self.eligible - sample
            self.eligible = sample


def count(session: Session, judge: Judge) -> Eligibility:
    """Who would be enrolled if it started now: exact for audiences that a page can look through."""
    found = Eligibility()
    for one in islice(_walk(session, judge), MOST_LOOKED_AT):
        found.add(one)
    if found.total == MOST_LOOKED_AT:
        found.scale_to(audience.audience_of(session, judge.audience_id).people)
    found.cut_to(judge.design.sample)
    return found


def _walk(session: Session, judge: Judge) -> Iterator[Judged]:
    """People of the audience, judged, in order of id."""
    after = None
    while people := members.chunk(session, judge.audience_id, after=after, limit=CHUNK):
        yield from judge.judge(session, people)
        after = people[-1].person_id
