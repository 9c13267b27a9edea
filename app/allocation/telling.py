"""Count people's answers in what is shown, never so few at once that one could be worked out.

Whatever is shown of people is a sum over cells (`TimeTold`) of at least `FEWEST` each, so neither a
total less its teams nor the page before less the page after is about fewer. Hence an answer, or a
correction, may have to wait for others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from app.allocation import answer_store, store
from app.allocation.models import Mode, Opening, TimeAnswer, TimeTold
from app.allocation.summary import FEWEST, cells_of
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work


def settle(session: Session, opening: Opening, *, now: datetime) -> None:
    """Count what may be counted by now of the answers to a week."""
    if opening.mode != Mode.PERSON:
        return
    store.lock_opening(session, opening)
    answers = {
        time_answer.respondent_id: time_answer
        for time_answer in answer_store.answers(session, opening.week)
    }
    told = answer_store.told(session, opening.week)
    _correct(session, told, answers)
    counted = {time_told.respondent_id for time_told in told}
    new = {one: answer for one, answer in answers.items() if one not in counted}
    if 0 < _awaited(session, opening, answers, now=now) < FEWEST:
        return  # told now, the last ones could never be
    first = 1 + max((time_told.cell for time_told in told), default=0)
    cells = cells_of({one: answer.team_id for one, answer in new.items()})
    for cell, (team, people) in enumerate(cells, start=first):
        for person in people:
            session.add(_told(new[person], cell=cell, team_id=team))
    session.flush()


def settle_closed(session: Session, week: str, *, now: datetime) -> int:
    """Count what came in time for a week that has closed; 0 where it was, or is open still."""
    closed = [one for one in store.unsettled(session, now=now) if one.week == week]
    for opening in closed:
        settle(session, opening, now=now)
        opening.settled_at = now
        session.add(opening)
    session.flush()
    return len(closed)


def duty(database: Database) -> Duty:
    """Count the answers to each week that has closed."""

    def count(week: str, now: datetime) -> int:
        with database.write() as session:
            return settle_closed(session, week, now=now)

    return Duty(
        work=Work.COUNT,
        items=lambda session, now: [opening.week for opening in store.unsettled(session, now=now)],
        do=count,
    )


def _correct(session: Session, told: Sequence[TimeTold], answers: Mapping[str, TimeAnswer]) -> None:
    """Take corrections over where enough of a cell have changed theirs."""
    changed: dict[int, list[TimeTold]] = defaultdict(list)
    for time_told in told:
        if time_told.shares != answers[time_told.respondent_id].shares:
            changed[time_told.cell].append(time_told)
    for rows in changed.values():
        for time_told in rows if len(rows) >= FEWEST else ():
            time_told.shares = dict(answers[time_told.respondent_id].shares)
            session.add(time_told)


def _awaited(
    session: Session, opening: Opening, answers: Mapping[str, TimeAnswer], *, now: datetime
) -> int:
    """How many more may answer. Once a week that was asked about has closed, nobody is awaited."""
    if opening.opened_at < opening.closes_at <= now:
        return 0
    asked = {
        invitation.respondent_id
        for invitation in store.invitations(session, opening.week)
        if invitation.is_asked
    }
    return len(asked - answers.keys())


def _told(answer: TimeAnswer, *, cell: int, team_id: str | None) -> TimeTold:
    return TimeTold(
        week=answer.week,
        respondent_id=answer.respondent_id,
        cell=cell,
        team_id=team_id,
        shares=dict(answer.shares),
        fte=answer.fte,
    )
