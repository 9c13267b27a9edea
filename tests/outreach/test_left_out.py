"""Who launched an experiment is mailed about people who fell away before its start, once."""

import pytest
from sqlmodel import col, select

from app.delivery.models import Notice
from app.experiments import fallen_away
from app.experiments.models import Experiment, Status
from app.identity import audit, users
from app.identity.models import ApiToken
from app.platform import events
from tests.outreach.conftest import NOW, World

LOST = {"people": 2, "because": ["“euros” is missing for 2 people."], "name": "Waste"}


def given_a_launch(world: World, *, by: str, status: str = Status.RUNNING) -> None:
    """Ann may log in as `ann`, and made the token `hers`; the experiment `e` was launched."""
    world.add(Experiment(id="e", name="Waste", status=status, enrolled=28, created_at=NOW,
                         updated_at=NOW, paused_reason="Too few people."))  # fmt: skip
    with world.database.write() as session:
        ann = users.add(session, email="ann@halvern.example", name="Ann", role="editor",
                        password="x", now=NOW)  # type: ignore[arg-type]  # nobody logs in  # fmt: skip
        session.add(ApiToken(id="hers", name="t", role="editor", hash="h", hint="tsl",
                             created_at=NOW, created_by="Ann", created_by_id=ann.id))  # fmt: skip
        actor = ann.id if by == "ann" else by
        audit.note(session, actor="Ann", actor_id=actor, subject="e", now=NOW,
                   action="POST /api/v1/experiments/{experiment_id}/launch")  # fmt: skip
        events.record(session, fallen_away.FELL_AWAY, subject="e", now=NOW, facts=LOST)


def mails(world: World) -> list[Notice]:
    with world.database.read() as session:
        return list(session.exec(select(Notice).order_by(col(Notice.id))).all())


@pytest.mark.parametrize("by", ["ann", "hers"])
def test_whoever_launched_it_is_mailed_once(world: World, by: str):
    given_a_launch(world, by=by)

    assert [world.tell(), world.tell()] == [1, 0]
    [mail] = mails(world)
    assert mail.recipient == "ann@halvern.example"
    assert mail.subject == "2 people were left out of “Waste”"
    assert "“euros” is missing for 2 people." in mail.text
    assert "28 people are in it" in mail.text
    assert "https://insights.example.com/experiments/e" in mail.text


def test_one_that_did_not_start_for_it_says_so(world: World):
    given_a_launch(world, by="ann", status=Status.CANCELLED)

    world.tell()

    assert "It did not start, and nobody was mailed. Too few people." in mails(world)[0].text


def test_nobody_is_mailed_about_what_the_command_line_or_somebody_gone_launched(world: World):
    given_a_launch(world, by="")

    assert world.tell() == 1
    assert mails(world) == []


def test_other_events_are_mailed_to_nobody(world: World):
    given_a_launch(world, by="ann")
    world.tell()
    world.put(5)

    world.tell()

    assert len(mails(world)) == 1
