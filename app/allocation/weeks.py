"""A week as it is shown: both denominators, teams, targets, response rate, notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.allocation import calendar, store
from app.allocation.models import Bucket, Mode, Opening, TimeAnswer
from app.allocation.summary import FEWEST, Given, Split, by_team, risen
from app.platform.errors import NotFound

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


def of(session: Session, week: str) -> Week:
    """The week, from its answers. Raises NotFound for one that was never opened."""
    calendar.monday_of(week)
    opening = store.opening_of(session, week)
    if opening is None:
        raise NotFound(f"{week} was not opened.")
    return _shown(session, opening)


def rising(session: Session, week: str) -> bool:
    """Whether non-elective time has risen three weeks running, up to this one."""
    openings = store.openings(session, until=week, limit=_LOOK_BACK)
    splits = [_shown(session, one).everybody for one in reversed(openings)]
    return risen([split.non_elective for split in splits if split])


def _shown(session: Session, opening: Opening) -> Week:
    buckets = store.all_buckets(session)
    invitations = store.invitations(session, opening.week)
    invited = {one.respondent_id for one in invitations if one.asked_time}
    answers = store.answers(session, opening.week)
    people = opening.mode == Mode.PERSON
    groups = by_team(
        [_given(answer, people=people) for answer in answers],
        frozenset(bucket.id for bucket in buckets if bucket.elective),
        fewest=FEWEST if people else 1,
    )
    return Week(
        opening=opening,
        buckets=buckets,
        asked=len(invited | {answer.respondent_id for answer in answers}),
        answered=len(answers),
        late=sum(answer.late for answer in answers),
        everybody=groups.everybody,
        teams=groups.teams,
    )


def _given(answer: TimeAnswer, *, people: bool) -> Given:
    return Given(answer.shares, fte=answer.fte if people else 1.0, team_id=answer.team_id)
