"""A batch of mails costs the same however many wait behind it, and all of them at one moment."""

import pytest
from sqlalchemy import update

from app.delivery.reserving import Prepared, Reserver
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.bench import estate
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, NOW, SETTINGS
from tests.rows_read import asking

ROOM = 50
FEW, MANY = 2_000, 8_000  # more than a batch looks at in any case
GROWTH = 1.3  # an index is a little deeper
SLACK = 100  # rows, or steps of SQLite's machine


def work(database: Database, *, waiting: int, rates: str) -> dict[str, int]:
    """What each question of one batch reads."""
    scenes.launched(database, people=waiting, domain=f"of{waiting}.example")
    estate.analyze(database)
    settings = SETTINGS.model_copy(update={"mail_rates": rates})
    reserver = Reserver(database, settings, KEYS, holder="h")
    with asking(database.engine) as asked:
        taken = reserver.reserve(now=NOW, room=ROOM)
    assert len([one for one in taken if isinstance(one, Prepared)]) == ROOM
    return asked.read(as_if_large=True)


@pytest.mark.parametrize("rates", ["", "elsewhere.example=100"])
def test_a_longer_queue_is_no_more_work_for_a_batch(database: Database, rates: str):
    few = work(database, waiting=FEW, rates=rates)
    with database.write() as session:
        session.execute(update(Experiment).values(status=Status.CANCELLED))
    many = work(database, waiting=MANY, rates=rates)

    assert any("UPDATE send" in question for question in many)
    assert {
        question: (few.get(question, 0), rows)
        for question, rows in many.items()
        if rows > GROWTH * few.get(question, 0) + SLACK
    } == {}
