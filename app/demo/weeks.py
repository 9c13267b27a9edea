"""Halvern's weeks: where the time went, what each review promised, and the reviews it froze."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.allocation import answers, opening, roster
from app.allocation import store as allocation
from app.allocation.schemas import AnswerDraft, RespondentDraft
from app.demo.halvern import BLOCKERS, LIGHTS_OFF_BY, LIGHTS_ON, MEETINGS, PROMISES
from app.okr import store as okr
from app.outreach import digests
from app.outreach.schemas import DigestDraft
from app.review import agenda, items
from app.review.models import Kept
from app.review.schemas import CommitmentDraft, NoteDraft
from app.review.weeks import week_of

_NUMBER_BITS = 63  # what a signed column of both databases holds
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Weeks:
    """Seeds the weeks before `now`."""

    zone: ZoneInfo
    rng: random.Random
    now: datetime
    by: str

    def seed(self, session: Session) -> None:
        """After the experiments: a frozen week says what was decided in it."""
        self._time(session)
        for back in sorted(PROMISES, reverse=True):
            self._review(session, back)
        for back in range(len(LIGHTS_ON), 1, -1):
            self._freeze(session, back)
        digest = DigestDraft.model_validate(
            {"recipients": ["everybody@halvern.example"], "sends_at": "monday 10:00"}
        )
        digests.put(session, digest, now=self.now)

    def _time(self, session: Session) -> None:
        """What each team said on its Friday."""
        teams = {team.name: team.id for team in okr.teams(session)}
        asked = [
            roster.add_respondent(
                session,
                RespondentDraft(
                    name=name, email=f"{name.lower()}@halvern.example", team_id=teams[name]
                ),
                number=self.rng.getrandbits(_NUMBER_BITS),
                now=self.now - (len(LIGHTS_ON) + 1) * _WEEK,
            )
            for name in LIGHTS_OFF_BY
        ]
        for back, lights in enumerate(reversed(LIGHTS_ON), start=1):
            at = self.now - back * _WEEK
            opening.open_by_hand(session, self._week(back), zone=self.zone, now=at)
            for respondent in asked:
                shares = _split(lights + LIGHTS_OFF_BY[respondent.name])
                answers.put(
                    session, self._week(back), respondent, AnswerDraft(shares=shares), now=at
                )
                allocation.claim_asking(session, self._week(back), respondent.id, now=at)

    def _review(self, session: Session, back: int) -> None:
        at, week = self.now - back * _WEEK, self._week(back)
        for kind, said in (("blocker", BLOCKERS.get(back)), ("decision", MEETINGS.get(back))):
            if said:
                draft = NoteDraft.model_validate({"kind": kind, "text": said})
                items.note(session, week, draft, by=self.by, now=at)
        for one in PROMISES[back]:
            promise = CommitmentDraft(text=one.text, owner=one.owner)
            kept = items.commit(session, week, promise, by=self.by, now=at)
            items.settle(session, kept.id, Kept(one.kept) if one.kept else None, now=at + _WEEK)

    def _freeze(self, session: Session, back: int) -> None:
        """As it was told a week later, when its promises were looked at again."""
        at = self.now - (back - 1) * _WEEK
        agenda.freeze(session, self._week(back), by=self.by, zone=self.zone, now=at)

    def _week(self, back: int) -> str:
        return week_of(self.now - back * _WEEK, self.zone)


def _split(lights: int) -> dict[str, int]:
    """The rest goes half to new things, and less to the others."""
    rest = 100 - lights
    new, existing = rest // 2, rest * 3 // 10
    return {
        "lights": lights,
        "new": new,
        "existing": existing,
        "productivity": rest - new - existing,
    }
