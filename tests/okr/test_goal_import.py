"""Goals of another tool: what was there is here, once; what cannot be is said, row by row."""

from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.okr import closing, goal_file, goal_import, store
from app.okr.goal_import import Look
from app.okr.models import CheckIn
from app.okr.schemas import CloseDraft, GoalsDraft
from app.platform.errors import Invalid
from tests.okr.goal_sheets import FORMS, HANDS, Wanted, company
from tests.okr.scenes import NOW, OSLO, given_cycle, given_key_result, given_objective, put

_TABLES = ("cycle", "team", "objective", "objective_team", "key_result", "check_in")
HEAD = "Objective,Key Result,Quarter,Start,Target,Unit,Date,Value"


def draft(csv: str, **said: Any) -> GoalsDraft:
    return GoalsDraft.model_validate({"csv": csv} | said)


def looked(session: Session, csv: str, **said: Any) -> Look:
    return goal_import.look(session, draft(csv, **said), zone=OSLO, now=NOW)


def taken(session: Session, csv: str, **said: Any) -> Look:
    return goal_import.take(session, draft(csv, **said), by="Ann", zone=OSLO, now=NOW)


def rows(session: Session) -> dict[str, list[Any]]:
    session.flush()
    return {
        table: sorted(map(repr, session.execute(text(f"SELECT * FROM {table}"))))
        for table in _TABLES
    }


def here(session: Session) -> list[Any]:
    """What the database says, in the shape of what was wanted."""
    return [
        (
            one.title,
            sorted(team.name for team in store.teams_of(session, one.id)),
            [
                (row.title, row.start, row.target, row.unit,
                 [(at.date, at.value) for at in store.entries(session, row.id)])
                for row in store.key_results(session, objective_id=one.id)
            ],
        )
        for one in store.objectives(session)
    ]  # fmt: skip


def meant(wanted: list[Wanted]) -> list[Any]:
    return [
        (
            one.title,
            sorted(one.teams),
            [
                (row.title, row.start, row.target, row.unit, sorted(row.check_ins.items()))
                for row in _first_of_each(one)
            ],
        )
        for one in wanted
    ]


def _first_of_each(one: Wanted) -> list[Any]:
    return list({row.title: row for row in reversed(one.key_results)}.values())[::-1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hand", sorted(HANDS))
@pytest.mark.parametrize("form", sorted(FORMS))
def test_what_a_company_had_is_here_once(session: Session, form: str, hand: str, seed: int):
    wanted = company(Random(f"{form} {hand} {seed}"), last=NOW.date())
    for one in wanted:
        one.key_results[:] = _first_of_each(one)
    csv = goal_file.text_of(HANDS[hand].file(FORMS[form](wanted, HANDS[hand])))
    before = rows(session)
    said = {"decimals": "decimal_point" if HANDS[hand].decimal == "." else "decimal_comma"}
    if hand == "american":
        said["dates"] = "month_first"
    if hand == "german":
        said["dates"] = "day_first"
    look = looked(session, csv, **said)
    assert rows(session) == before
    first = taken(session, csv, **said)
    after = rows(session)
    again = taken(session, csv, **said)

    assert first.plan.refused == []
    assert here(session) == meant(wanted)
    assert look.plan.counts == first.plan.counts
    assert first.plan.counts["key_results"] == sum(len(one.key_results) for one in wanted)
    assert first.plan.counts["check_ins"] == sum(
        len(row.check_ins) for one in wanted for row in one.key_results
    )
    assert rows(session) == after
    assert again.plan.counts["check_ins"] == again.plan.counts["key_results"] == 0


REFUSED = {
    "target is the start": ("A,B,Q4 2026,5,5,,,", "Start and target are the same"),
    "no target": ("A,B,Q4 2026,5,,,,", "“B” has no target"),
    "no start": ("A,B,Q4 2026,,5,,,", "“B” has no start"),
    "no objective": (",B,Q4 2026,1,5,,,", "names no objective"),
    "no cycle": ("A,B,,1,5,,,", "It names no cycle"),
    "a cycle without days": ("A,B,Autumn,1,5,,,", "nothing says when it begins and ends"),
    "no title": ("A,,Q4 2026,1,5,,2026-11-01,7", ""),
    "a formula for a number": ("A,B,Q4 2026,=1+1,5,,,", "“=1+1” is not a number"),
    "a formula for a title": ("A,=B,Q4 2026,1,5,,,", "is a formula, not a title"),
    "a formula for an objective": ("@A,B,Q4 2026,1,5,,,", "is a formula, not a title"),
    "a day of the future": ("A,B,Q4 2026,1,5,,2026-12-01,3", "lies in the future"),
    "a day after the cycle": ("A,B,Q3 2026,1,5,,2026-11-01,3", "lies after the cycle"),
    "no such day": ("A,B,Q4 2026,1,5,,2026-11-31,3", "“2026-11-31” is not a day"),
    "too large": ("A,B,Q4 2026,1,5e20,,,", "larger than a key result holds"),
    "too many cells": ("A,B,Q4 2026,1,5,,,,,more", "It has 10 cells, and there are 8 columns."),
    "a long title": (f"A,{'B' * 201},Q4 2026,1,5,,,", "longer than 200 characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(set(REFUSED) - {"no title"}))
def test_a_row_that_cannot_be_taken_says_why_and_the_others_are(session: Session, case: str):
    row, why = REFUSED[case]
    found = taken(session, f"{HEAD}\nGood,One,Q4 2026,1,5,,2026-11-01,2\n{row}\n")

    assert [one.line for one in found.plan.refused] == [3]
    assert why in found.plan.refused[0].why
    assert ("Good", [], [("One", 1, 5, "number", [(NOW.date().replace(day=1), 2)])]) in here(
        session
    )


def test_two_rows_of_one_key_result_that_disagree(session: Session):
    found = taken(
        session,
        f"{HEAD}\nA,B,Q4 2026,1,5,,2026-11-01,2\nA,b,Q4 2026,1,6,,2026-11-08,3\n"
        "A,B,Q4 2026,1,5,,2026-11-01,4\nA,B,Q4 2026,1,5,,2026-11-15,4\n",
    )

    assert [(one.line, one.why) for one in found.plan.refused] == [
        (3, "Line 2 gives “b” other numbers: keep one of them."),
        (4, "Line 2 has another value for 2026-11-01."),
    ]
    assert found.plan.counts["check_ins"] == 2


def test_a_closed_cycle_is_refused_in_words(session: Session):
    cycle = given_cycle(session, "Q4 2026")
    closing.close(session, cycle, CloseDraft(), by="Ann", now=NOW)
    found = taken(session, f"{HEAD}\nA,B,Q4 2026,1,5,,,\nC,D,Q3 2026,1,5,,,\n")

    assert [one.why for one in found.plan.refused] == [
        "“Q4 2026” is closed and scored, so nothing in it changes."
    ]
    assert [title for title, _, _ in here(session)] == ["C"]


def test_what_people_changed_since_stays(session: Session):
    row = given_key_result(session, given_objective(session), title="Weekly active")
    put(session, row.id, NOW.date().replace(day=1), 1300, comment="counted again", confidence=6)
    title = store.objective_of(session, row.objective_id).title
    found = taken(
        session,
        f"{HEAD}\n{title},weekly ACTIVE,2026 q4,1,5,,2026-11-01,7\n"
        f"{title},weekly active,2026 Q4,1,5,,2026-11-08,8\n",
    )

    assert [one.why for one in found.plan.refused] == [
        "2026-11-01 has another value here, and it stays."
    ]
    held: list[CheckIn] = list(store.entries(session, row.id))
    assert [(one.value, one.source) for one in held] == [(1300, "manual"), (8, "import")]
    assert store.key_result_of(session, row.id).target == row.target


def test_what_can_be_read_in_two_ways_is_asked_for(session: Session):
    csv = f'{HEAD}\nA,B,Q4 2026,"1,234","2,345",,3/4/2026,5\n'
    found = looked(session, csv)

    assert found.plan.asks == ("decimals",)  # the day comes after: each cell in its turn
    with pytest.raises(Invalid, match="Say which sign stands before the decimals"):
        taken(session, csv)
    with pytest.raises(Invalid, match="Say which stands first"):
        taken(session, csv, decimals="decimal_point")
    made = taken(session, csv, decimals="decimal_point", dates="day_first", cycle_id=None)
    assert made.plan.counts["key_results"] == 1
    assert here(session)[0][2][0][1:3] == (1234, 2345)


def test_percent_of_the_way_becomes_a_value_of_today(session: Session):
    csv = (
        "Title,Object Type,Aligned To,Period,Start,Target,Unit,Actual Progress\n"
        "Grow,Objective,,Q4 2026,,,,64\nUsers,Key result,Grow,Q4 2026,1000,2000,,25\n"
        "Migrate,Deliverable,Grow,Q4 2026,,,,10\nLost,Key result,Gone,Q4 2026,0,1,,10\n"
    )
    found = taken(session, csv)

    assert here(session)[0][2] == [("Users", 1000, 2000, "number", [(NOW.date(), 1250)])]
    assert [one.why for one in found.plan.refused] == [
        "“Deliverable” is neither an objective nor a key result.",
        "Its objective “Gone” is neither in the file nor here.",
    ]


BAD = {
    "nothing": (b"", "The file is empty"),
    "headings alone": (HEAD.encode(), "holds no goal"),
    "a workbook": (b"PK\x03\x04" + bytes(100), "Save the sheet as CSV"),
    "a picture": (bytes(range(256)) * 4, "not a text file"),
    "ten megabytes": (HEAD.encode() + b"\nA,B,Q4 2026,1,5,,," * 500_000, "larger than 1 MB"),
    "no heading that we know": (b"x,y\n1,2\n", "No column names an objective or a key result."),
    "too many columns": (b"a," * 200 + b"b\n1,2\n", "100 at most"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_file_that_is_none_says_what_to_do(session: Session, case: str):
    raw, why = BAD[case]

    with pytest.raises(Invalid, match=why):
        looked(session, goal_file.text_of(raw))


def test_two_columns_cannot_become_the_same(session: Session):
    csv = "Objective,Key Result,KR,Start,Target\nA,B,C,1,5\n"

    with pytest.raises(Invalid, match="Two columns become “Key result”"):
        looked(session, csv, columns={"KR": "key_result"})
    with pytest.raises(Invalid, match="The file has no column “Nope”"):
        looked(session, csv, columns={"Nope": "key_result"})
    assert looked(session, csv, columns={"Key Result": "", "KR": "key_result"}).columns[1] is None
