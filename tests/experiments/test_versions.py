"""What a draft said before: random edits, undos and ways back against a small model of them."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from app.audience import store as audience
from app.audience.models import Audience
from app.experiments import bringing_back, drafts, version_rows, versions
from app.experiments.design_schemas import Changes, Draft
from app.experiments.models import Experiment, Feature, Made, Slice, Status
from app.experiments.unread import Unread
from app.platform.errors import Conflict, NotFound
from app.review import removal
from tests.experiments import scenes
from tests.experiments.scenes import draft
from tests.moments import NOW

_TWO = [scenes.ARM, scenes.ARM | {"key": "loss"}]
_COMPARED = {"kind": "comparison", "baseline": "insight", "mde": 0.02}
_LATER = versions.GOES_ON + timedelta(seconds=1)


def begun(session: Session, **changes: object) -> Experiment:
    return drafts.add(session, draft(**changes), by="Ann", now=NOW)


def say(session: Session, row: Experiment, name: str, *, by: str, now: datetime) -> None:
    drafts.change(session, row, Changes(name=name), by=by, now=now)


def kept(session: Session, row: Experiment) -> list[tuple[int, str, str]]:
    """Oldest first: number, how it came about, the name that it holds."""
    rows = version_rows.page(session, row.id, cursor=None, limit=1000)
    return [(one.number, one.made, one.design["name"]) for one in reversed(rows)]


@dataclass
class Model:
    """The same as a list: (author, begun, how, of which number, the name)."""

    rows: list[tuple[str, datetime, str, int | None, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.rows[-1][-1]

    def write(self, name: str, by: str, now: datetime, made: str, of: int | None = None) -> None:
        if self.rows and name == self.name:
            return
        if self.rows:
            author, at, how, _, _ = self.rows[-1]
            if made == how == "written" and author == by and now < at + versions.GOES_ON:
                self.rows[-1] = (author, at, how, None, name)
                return
        self.rows.append((by, now, made, of, name))

    def undo(self, by: str, now: datetime) -> bool:
        place = len(self.rows)
        while place > 0:
            while self.rows[place - 1][2] == "undone":
                place = self.rows[place - 1][3] or 0
            place -= 1
            if place > 0 and self.rows[place - 1][-1] != self.name:
                self.write(self.rows[place - 1][-1], by, now, "undone", place)
                return True
        return False


@pytest.mark.parametrize("seed", range(6))
def test_random_writing_undoing_and_going_back_is_what_a_list_says(session: Session, seed: int):
    rng, now, row = random.Random(seed), NOW, begun(session, name="n0")
    model = Model([("Ann", NOW, "begun", None, "n0")])
    for _ in range(40):
        now += timedelta(minutes=rng.choice((0, 1, 3, 6)))
        by = rng.choice(("Ann", "Bo"))
        match rng.choice(("write", "write", "undo", "undo", "restore")):
            case "write":
                name = f"n{rng.randrange(5)}"
                say(session, row, name, by=by, now=now)
                model.write(name, by, now, "written")
            case "undo":
                undone = bringing_back.undo(session, row, by=by, now=now)
                assert (undone is not None) == model.undo(by, now)
            case _:
                number = rng.randrange(len(model.rows)) + 1
                bringing_back.restore(session, row, number, by=by, now=now)
                model.write(model.rows[number - 1][-1], by, now, "restored", number)
        assert row.name == model.name

    assert kept(session, row) == [
        (place + 1, one[2], one[-1]) for place, one in enumerate(model.rows)
    ]


def test_undo_after_undo_goes_on_back_until_nothing_is_left(session: Session):
    row, now = begun(session, name="a"), NOW
    for name in "bcd":
        now += _LATER
        say(session, row, name, by="Ann", now=now)
    names = []
    while bringing_back.undo(session, row, by="Ann", now=now):
        names.append(row.name)

    assert names == ["c", "b", "a"]
    assert [name for _, _, name in kept(session, row)] == list("abcdcba")


def test_the_newest_hundred_are_kept(session: Session):
    row, now = begun(session, name="first"), NOW
    for number in range(versions.MOST + 20):
        now += _LATER
        say(session, row, f"n{number}", by="Ann", now=now)
    found = kept(session, row)

    assert len(found) == versions.MOST
    assert found[-1] == (versions.MOST + 21, "written", f"n{versions.MOST + 19}")
    with pytest.raises(NotFound, match="not kept any more"):
        bringing_back.restore(session, row, 1, by="Ann", now=now)


def test_what_was_typed_and_waits_comes_back_too(session: Session):
    row = begun(session)
    waits = [Unread("threshold", "More than", ["many"], "Write a number here.")]
    design = drafts.design_of(row)
    drafts.keep(session, row, design, waits, by="Ann", now=NOW + _LATER)
    drafts.keep(session, row, design, [], by="Ann", now=NOW + 2 * _LATER)
    found = bringing_back.undo(session, row, by="Ann", now=NOW + 3 * _LATER)

    assert found is not None
    assert row.unread == [
        {"field": "threshold", "label": "More than", "typed": ["many"],
         "said": "Write a number here."}
    ]  # fmt: skip


def test_an_audience_that_is_gone_stays_away_and_all_else_comes_back(session: Session):
    gone = Audience(name="Gone", created_at=NOW)
    session.add(gone)
    session.flush()
    row = begun(session, audience_id=gone.id, name="Before")
    drafts.change(session, row, Changes(audience_id=None, name="After"), by="Ann", now=NOW + _LATER)
    session.delete(audience.audience_of(session, gone.id))
    session.flush()
    bringing_back.restore(session, row, 1, by="Ann", now=NOW + 2 * _LATER)

    assert (row.name, row.audience_id) == ("Before", None)


def test_a_draft_of_an_earlier_release_is_kept_before_it_is_changed(session: Session):
    row = Experiment(
        name="Old", design=draft(name="Old").model_dump(mode="json"), created_by="Cem",
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.flush()
    say(session, row, "New", by="Ann", now=NOW + _LATER)
    row.design = row.design | {"name": "By the release before"}
    say(session, row, "Newest", by="Ann", now=NOW + 2 * _LATER)

    assert kept(session, row) == [
        (1, Made.BEGUN, "Old"), (2, Made.WRITTEN, "New"),
        (3, Made.WRITTEN, "By the release before"), (4, Made.WRITTEN, "Newest"),
    ]  # fmt: skip


def test_of_two_who_look_the_second_takes_nothing_back_unseen(session: Session):
    row = begun(session, name="a")
    seen = versions.mark_of(version_rows.newest(session, row.id))
    say(session, row, "b", by="Ann", now=NOW + _LATER)
    goes_on = versions.mark_of(version_rows.newest(session, row.id))
    say(session, row, "c", by="Ann", now=NOW + _LATER)

    for old in (seen, goes_on, ""):
        with pytest.raises(versions.Quicker):
            versions.refuse_other(session, row, old)


def test_what_is_launched_is_brought_back_no_more(session: Session):
    row = begun(session, name="a")
    say(session, row, "b", by="Ann", now=NOW + _LATER)
    row.status = Status.RUNNING
    newest = version_rows.newest(session, row.id)

    assert newest is not None
    assert bringing_back.launched(row, newest, newest)
    with pytest.raises(Conflict, match="its design is locked"):
        bringing_back.restore(session, row, 1, by="Ann", now=NOW)


def test_a_removed_draft_leaves_no_version(session: Session):
    row = begun(session)
    removal.experiment(session, row.id).remove()

    assert version_rows.steps(session, row.id) == {}


def everything(session: Session) -> dict[str, Any]:
    """Every part of the document saying something else than it usually does."""
    feature = Feature(title="Waste", created_at=NOW)
    session.add(feature)
    session.flush()
    piece = Slice(feature_id=feature.id, title="Mail", created_at=NOW)
    session.add(piece)
    session.flush()
    other = begun(session, name="Before").id
    return {
        "name": "Another name",
        "audience_id": scenes.given_audience(session, 1),
        "slice_id": piece.id,
        "previous_id": other,
        "hypothesis": {"believe": "Bakers do not.", "right_if": "Nobody does."},
        "riskiest": "viability",
        "forecast": 0.6,
        "where": [{"column": "euros", "op": "gt", "value": 3}],
        "sample": 600,
        "exclude": {"experiment_ids": [other], "cooling_off_days": 3},
        "holdout": 0.2,
        "sender": {"from_name": "Ann", "reply_to": "ann@halvern.example"},
        "honeypot": True,
        "segments": ["country", "size"],
        "guardrails": [{"metric": "bounce_rate", "max": 0.02}],
        "waves": [{"share": 0.5}, {"share": 0.5, "after_hours": 24}],
        "stop_at": "2026-12-24T09:00:00Z",
        "key_results": [{"key_result_id": scenes.given_key_result(session, "Plans"), "reach": 9}],
        "arms": [scenes.ARM | {"body": "Hello."}, *_TWO[1:], scenes.ARM | {"key": "third"}],
        "language": "de",
        "hours": {"opens": 8, "closes": 18, "days": "working", "zone_column": "timezone"},
        "mail_kind": "offers",
        "metric": {"kind": "click_rate", "window_hours": 24},
        "rule": _COMPARED | {"mde": 0.03, "base_rate": 0.1},
    }


@pytest.mark.parametrize("part", sorted(set(Draft.model_fields) - {"channel"}))
def test_every_part_of_the_document_is_told_and_comes_back(session: Session, part: str):
    row = begun(session, arms=_TWO, rule=_COMPARED)
    changes = Changes.model_validate({part: everything(session)[part]})
    drafts.change(session, row, changes, by="Ann", now=NOW + _LATER)
    before, after = (version_rows.version_of(session, row.id, number) for number in (1, 2))
    told = {one.field.partition(".")[0] for one in versions.differences(before, after)}
    bringing_back.restore(session, row, 1, by="Ann", now=NOW + 2 * _LATER)

    assert told == {part}
    assert row.design == before.design
