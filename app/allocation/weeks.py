"""A week as it is shown: both denominators, teams, targets, response rate, notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from app.allocation import week_rows
from app.allocation.models import Bucket, Mode, Opening
from app.allocation.summary import Given, Groups, Split, by_cell, by_team, risen
from app.allocation.week_rows import Answered, Counted, WeekRows
from app.platform.errors import NotFound
from app.platform.iso_weeks import monday_of, week_of

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


def opened_week(session: Session, week: str) -> Week:
    """The week, from its answers. Raises NotFound for one that was never opened."""
    monday_of(week)
    weeks = of_several(session, (week,))
    if week not in weeks:
        raise NotFound(f"{week} was not opened.")
    return weeks[week]


def of_several(session: Session, weeks: Sequence[str]) -> dict[str, Week]:
    """Of these weeks those that were opened, in one question."""
    return {one.opening.week: _shown(one) for one in week_rows.of_weeks(session, weeks)}


def rising(session: Session, week: str) -> bool:
    """Whether non-elective time has risen three weeks running, up to this one."""
    return is_rising(of_several(session, looked_back(week)), week)


def looked_back(week: str) -> list[str]:
    """Weeks from which it can be told whether non-elective time rises, the newest first."""
    monday = monday_of(week)
    return [week_of(monday - timedelta(weeks=back)) for back in range(_LOOK_BACK)]


def is_rising(seen: Mapping[str, Week], week: str) -> bool:
    """The same where the weeks looked back at are known."""
    back = looked_back(week)
    opened = next((place for place, one in enumerate(back) if one not in seen), len(back))
    splits = [seen[one].everybody for one in reversed(back[:opened])]
    return risen([split.non_elective for split in splits if split])


def _shown(rows: WeekRows) -> Week:
    elective = frozenset(bucket.id for bucket in rows.buckets if bucket.elective)
    groups = _groups(rows, elective)
    return Week(
        opening=rows.opening,
        buckets=rows.buckets,
        asked=rows.people,
        answered=len(rows.answers),
        late=sum(answer.late for answer in rows.answers),
        everybody=groups.everybody,
        teams=groups.teams,
    )


def _coarse(fte: float) -> float:
    """A weight as it may be set today: answers of earlier versions may carry any."""
    return max(2, round(fte * 20)) / 20


def _can_be_read(one: Answered | Counted) -> bool:
    """Whether it says shares; one that is damaged counts nowhere, and takes no week away."""
    held: object = one.shares
    return isinstance(held, dict) and all(isinstance(share, int) for share in held.values())


def _groups(rows: WeekRows, elective: frozenset[str]) -> Groups:
    if rows.opening.mode == Mode.TEAM:
        given = [
            Given(answer.shares, team_id=answer.team_id)
            for answer in rows.answers
            if _can_be_read(answer)
        ]
        return by_team(given, elective)
    cells = [
        Given(counted.shares, weight=_coarse(counted.fte), team_id=counted.team_id)
        for counted in rows.counted
        if _can_be_read(counted)
    ]
    teams = {answered.team_id for answered in rows.answers if answered.team_id}
    return by_cell(cells, elective, asked=teams)
