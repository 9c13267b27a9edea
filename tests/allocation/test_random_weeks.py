"""Weeks of random answers, checked against a model after every step, in both modes."""

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest
from sqlmodel import Session

from app.allocation import answer_store, roster, store, weeks
from app.allocation.models import TimeTold
from app.allocation.schemas import SettingsDraft
from app.allocation.summary import FEWEST
from app.allocation.weeks import Week
from app.api.allocation import get_week
from app.web.kit import formatting
from app.web.kit.form_state import Typed
from app.web.weeks import time_spent
from tests.allocation.office import Office, WeekModel, of_all

STEPS = 160
Counted = dict[str, tuple[tuple[str, int], ...]]


@pytest.mark.parametrize("seed", range(2))
def test_teams_count_the_same_whatever_happens(session: Session, seed: int):
    office = Office(session, random.Random(seed))
    for _ in range(STEPS):
        office.step()
    for week, model in office.weeks.items():
        seen = weeks.opened_week(session, week)
        teams = {said.team for said in model.said.values() if said.team}

        _says_what_is_asked(seen, model)
        assert _shares(seen) == _close(of_all(_by_team(model)))
        assert set(seen.teams) == teams
        for team in teams:
            mine = [(one.shares, Fraction(1)) for one in model.said.values() if one.team == team]
            split = seen.teams[team]
            assert split is not None
            assert dict(split.of_all) == _close(of_all(mine))
    _pages_agree(session, office)
    assert len(office.weeks) > 2


@pytest.mark.parametrize("seed", range(2))
def test_nothing_shown_of_people_is_about_fewer_than_four(session: Session, seed: int):
    roster.put_settings(session, SettingsDraft(mode="person"))
    office = Office(session, random.Random(seed))
    before: dict[str, Sequence[TimeTold]] = {}
    for _ in range(STEPS):
        office.step()
        for week in office.weeks:
            told = [TimeTold(**one.model_dump()) for one in answer_store.told(session, week)]
            _cannot_be_worked_out(before.get(week, []), told)
            before[week] = told
    for week, model in office.weeks.items():
        seen = weeks.opened_week(session, week)

        _says_what_is_asked(seen, model)
        counted = [(one.shares, Fraction(one.fte)) for one in before[week]]
        assert _shares(seen) == _close(of_all(counted))
    _pages_agree(session, office)
    assert any(before.values())


def _says_what_is_asked(seen: Week, model: WeekModel) -> None:
    assert [(one.id, one.target) for one in seen.buckets] == model.buckets
    assert (seen.asked, seen.answered) == (model.asked, len(model.said))
    assert seen.late == sum(one.late for one in model.said.values())
    assert seen.counted <= seen.answered


def _cannot_be_worked_out(before: Sequence[TimeTold], after: Sequence[TimeTold]) -> None:
    """Each group, what is left beside it, and what each gained since the look before."""
    for team in {one.team_id for one in (*before, *after)}:
        for mine in (True, False):
            old = _group(before, team, mine=mine)
            new = _group(after, team, mine=mine)
            moved = {one for one in old.keys() | new.keys() if old.get(one) != new.get(one)}
            assert len(new) == 0 or len(new) >= FEWEST
            assert len(moved) == 0 or len(moved) >= FEWEST


def _group(told: Sequence[TimeTold], team: str | None, *, mine: bool) -> Counted:
    return {
        one.respondent_id: tuple(sorted(one.shares.items()))
        for one in told
        if (one.team_id == team) is mine
    }


def _by_team(model: WeekModel) -> list[tuple[dict[str, int], Fraction]]:
    teams = [one.team for one in model.said.values()]
    return [
        (one.shares, Fraction(1, teams.count(one.team) if one.team else 1))
        for one in model.said.values()
    ]


def _shares(seen: Week) -> dict[str, float]:
    return dict(seen.everybody.of_all) if seen.everybody else {}


def _close(shares: dict[str, float]) -> object:
    return pytest.approx(shares, abs=1e-12)


def _pages_agree(session: Session, office: Office) -> None:
    """Page and API say what the room says."""
    page = time_spent._page(session, Typed.of(), week="2099-W01")
    shown = {row.label: row for row in page.weeks}
    kept = {bucket.name for bucket in store.buckets(session)}

    for week in office.weeks:
        seen, told = weeks.opened_week(session, week), get_week(week, session)
        assert told.counted == seen.counted
        assert (told.asked, told.answered) == (seen.asked, seen.answered)
        assert [one.id for one in told.buckets] == [one.id for one in seen.buckets]
        if seen.everybody and told.everybody:
            assert told.everybody.of_all == seen.everybody.of_all
            assert shown[week].non_elective == formatting.points(seen.everybody.non_elective, 0)
    assert {one.name for one in page.aims} - {"Kinds retired since"} <= kept
