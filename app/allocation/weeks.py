"""A week as it is shown: both denominators, teams, targets, response rate, notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from app.allocation import store
from app.allocation.models import Bucket, Mode, Opening, TimeAnswer
from app.allocation.summary import Given, Groups, Split, by_cell, by_team, risen
from app.platform.errors import NotFound
from app.platform.iso_weeks import monday_of

_LOOK_BACK = 4  # weeks: three rises need four


@dataclass(frozen=True, slots=True)
class Week:
    """Where one week went."""

    opening: Opening
    buckets: Sequence[Bucket]
    asked: int
    answered: int
    late: int
    everybody: Split | None  # None: nobody answered, or too few people to be shown
    teams: Mapping[str, Split | None]

    @property
    def response_rate(self) -> float:
        """Of those who were asked; 0 where nobody was."""
        return self.answered / self.asked if self.asked else 0.0

    @property
    def counted(self) -> int:
        """So many answers are in the split; the rest would be too few to be added."""
        return self.everybody.answers if self.everybody else 0


def of(session: Session, week: str) -> Week:
    """The week, from its answers. Raises NotFound for one that was never opened."""
    monday_of(week)
    opening = store.opening_of(session, week)
    if opening is None:
        raise NotFound(f"{week} was not opened.")
    return _shown(session, opening)


def rising(session: Session, week: str) -> bool:
    """Whether non-elective time has risen three weeks running, up to this one."""
    openings = store.openings(session, until=week, limit=_LOOK_BACK)
    last = _running(openings)
    splits = [_shown(session, one).everybody for one in reversed(last)]
    return risen([split.non_elective for split in splits if split])


def _running(openings: Sequence[Opening]) -> list[Opening]:
    """Those that follow one another without a gap, from the newest back."""
    first = monday_of(openings[0].week) if openings else None
    return [
        one
        for back, one in enumerate(openings)
        if first and monday_of(one.week) == first - timedelta(weeks=back)
    ]


def _shown(session: Session, opening: Opening) -> Week:
    buckets = store.buckets_of(session, opening.week)
    invited = {
        one.respondent_id for one in store.invitations(session, opening.week) if one.is_asked
    }
    answers = store.answers(session, opening.week)
    elective = frozenset(bucket.id for bucket in buckets if bucket.elective)
    groups = _groups(session, opening, answers, elective)
    return Week(
        opening=opening,
        buckets=buckets,
        asked=len(invited | {answer.respondent_id for answer in answers}),
        answered=len(answers),
        late=sum(answer.late for answer in answers),
        everybody=groups.everybody,
        teams=groups.teams,
    )


def _coarse(fte: float) -> float:
    """A weight as it may be set today: answers of earlier versions may carry any."""
    return max(2, round(fte * 20)) / 20


def _groups(
    session: Session, opening: Opening, answers: Sequence[TimeAnswer], elective: frozenset[str]
) -> Groups:
    if opening.mode == Mode.TEAM:
        given = [Given(answer.shares, team_id=answer.team_id) for answer in answers]
        return by_team(given, elective)
    told = [
        Given(one.shares, weight=_coarse(one.fte), team_id=one.team_id)
        for one in store.told(session, opening.week)
    ]
    return by_cell(told, elective, asked={one.team_id for one in answers if one.team_id})
