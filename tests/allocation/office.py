"""An office whose people join, leave, answer and change their minds, beside a model of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.allocation import answers, opening, roster, store, telling
from app.allocation.models import Bucket, Opening
from app.allocation.schemas import (
    AnswerDraft,
    BucketDraft,
    BucketsDraft,
    RespondentChanges,
    RespondentDraft,
)
from app.platform.errors import Invalid

ZONE = ZoneInfo("Europe/Oslo")
BEGAN = datetime(2026, 11, 16, 8, tzinfo=UTC)  # a Monday
TEAMS = ("oven", "shop", "van", None)
Shares = dict[str, int]


@dataclass
class Said:
    """An answer as the model remembers it."""

    shares: Shares
    team: str | None
    fte: float
    late: bool


@dataclass
class WeekModel:
    """What a week should be."""

    opening: Opening
    buckets: list[tuple[str, float | None]]
    awaited: set[str]
    said: dict[str, Said] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        return len(self.awaited | self.said.keys())


@dataclass
class Office:
    """One step changes the product and the model alike."""

    session: Session
    rng: random.Random
    now: datetime = BEGAN
    weeks: dict[str, WeekModel] = field(default_factory=dict)
    names: int = 0

    def step(self) -> str:
        """Do one thing that somebody does on some day; its name."""
        doing: Callable[[], None] = self.rng.choice(
            [self.join, self.leave, self.move, self.change_buckets]
            + [self.wait] * 3
            + [self.answer] * 6
        )
        doing()
        return doing.__name__

    def wait(self) -> None:
        """Some hours go by; the calendar does its part."""
        self.now += timedelta(hours=self.rng.randint(1, 40))
        for week in sorted(self._due()):
            opening.open_by_hand(self.session, week, zone=ZONE, now=self.now)
            self.weeks[week] = WeekModel(
                store.get_opening(self.session, week), self._asked_for(), self._active()
            )
        for week in self.weeks:
            telling.settle_closed(self.session, week, now=self.now)

    def join(self) -> None:
        self.names += 1
        fte = self.rng.choice([0.2, 0.5, 0.8, 1.0])
        draft = RespondentDraft(
            name=f"N{self.names}",
            email=f"n{self.names}@halvern.example",
            team_id=self.rng.choice(TEAMS),
            fte=fte,
        )
        roster.add_respondent(self.session, draft, number=self.names, now=self.now)

    def leave(self) -> None:
        """Or come back."""
        everybody = store.respondents(self.session)
        if not everybody:
            return
        one = self.rng.choice(everybody)
        change = RespondentChanges(active=not one.active)
        roster.change_respondent(self.session, one.id, change, now=self.now)
        for week in self._open():
            invited = store.invitation_of(self.session, week.opening.week, one.id) is not None
            if invited and one.active:
                week.awaited.add(one.id)
            elif not one.active:
                week.awaited.discard(one.id)

    def move(self) -> None:
        """To another team: what was answered stays with the old one."""
        everybody = store.respondents(self.session)
        if everybody:
            change = RespondentChanges(team_id=self.rng.choice(TEAMS))
            one = self.rng.choice(everybody)
            roster.change_respondent(self.session, one.id, change, now=self.now)

    def change_buckets(self) -> None:
        """Rename one; retire one or add one."""
        kept = [_draft(one) for one in store.buckets(self.session)]
        self.names += 1
        self.rng.choice(kept).name = f"Kind {self.names}"
        elective = [one for one in kept if one.elective]
        if len(kept) < 7 and self.rng.random() < 0.5:
            kept.append(BucketDraft(name=f"Added {self.names}", elective=True))
        elif len(elective) > 1:
            kept.remove(self.rng.choice(elective))
        elective = [one for one in kept if one.elective]
        for one in elective:
            one.target = 1 / len(elective)
        draft = BucketsDraft.model_validate({"items": [one.model_dump() for one in kept]})
        roster.put_buckets(self.session, draft, now=self.now)
        for week in self._open():
            if not week.said:
                week.buckets = self._asked_for()

    def answer(self) -> None:
        """Early, late or again, about any week; now and then about a kind it was not asked for."""
        everybody = store.respondents(self.session)
        if not (everybody and self.weeks):
            return
        one = self.rng.choice(everybody)
        week = self.weeks[self.rng.choice(sorted(self.weeks)[-3:])]
        shares = _shares(self.rng, [bucket for bucket, _ in week.buckets])
        name = week.opening.week
        answers.put(self.session, name, one, AnswerDraft(shares=shares), now=self.now)
        before = week.said.get(one.id)
        team, fte = (before.team, before.fte) if before else (one.team_id, one.fte)
        late = self.now > week.opening.closes_at
        if before is None or before.shares != shares:
            week.said[one.id] = Said(shares, team, fte, late)
        self._not_about_others(name, week)

    def _not_about_others(self, name: str, week: WeekModel) -> None:
        known = {bucket for bucket, _ in week.buckets}
        strange = [one.id for one in store.all_buckets(self.session) if one.id not in known]
        for bucket in strange[:1]:
            one = store.respondents(self.session)[0]
            draft = AnswerDraft(shares={bucket: 100})
            try:
                answers.put(self.session, name, one, draft, now=self.now)
            except Invalid:
                continue
            raise AssertionError(f"{name} took an answer about {bucket}")

    def _due(self) -> set[str]:
        here = self.now.astimezone(ZONE)
        friday = here.weekday() >= 4 and not (here.weekday() == 4 and here.hour < 14)
        week = "{:04}-W{:02}".format(*here.isocalendar()[:2])
        return {week} - self.weeks.keys() if friday and self._active() else set()

    def _open(self) -> list[WeekModel]:
        return [one for one in self.weeks.values() if one.opening.closes_at > self.now]

    def _active(self) -> set[str]:
        return {one.id for one in store.respondents(self.session) if one.active}

    def _asked_for(self) -> list[tuple[str, float | None]]:
        return [(one.id, one.target) for one in store.buckets(self.session)]


def of_all(said: list[tuple[Shares, Fraction]]) -> dict[str, float]:
    """Each bucket's share of all the time, added up by hand."""
    total = sum((weight * 100 for _, weight in said), Fraction(0))
    return {
        bucket: float(sum(shares.get(bucket, 0) * weight for shares, weight in said) / total)
        for bucket in sorted({bucket for shares, _ in said for bucket in shares})
    }


def _draft(bucket: Bucket) -> BucketDraft:
    return BucketDraft(
        id=bucket.id, name=bucket.name, elective=bucket.elective, target=bucket.target
    )


def _shares(rng: random.Random, buckets: list[str]) -> Shares:
    cuts = sorted(rng.randint(0, 100) for _ in buckets[1:])
    edges = zip([0, *cuts], [*cuts, 100], strict=True)
    return {bucket: end - start for bucket, (start, end) in zip(buckets, edges, strict=True)}
