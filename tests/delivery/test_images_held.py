"""An image is taken away or launched with, and never both, in whichever order two people press."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session, select

from app.delivery import images
from app.delivery.mail.link_book import UPLOADED
from app.delivery.models import MailImage
from app.experiments import drafts
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from app.platform.errors import Conflict
from tests.delivery import scenes
from tests.delivery.images_drawn import png
from tests.delivery.scenes import NOW

A_MOMENT = 0.2  # seconds in which whoever does not wait is done


@pytest.fixture
def shown(database: Database) -> str:
    """The image of a draft's mail."""
    with database.write() as session:
        image = images.add(session, png(), name="a.png", says="A loaf", by="Ann", now=NOW)
        arm = scenes.ARM | {"body": f"Look:\n![]({UPLOADED}{image.key})"}
        scenes.enrolled(session, people=0, audience_id="a", arms=[arm]).status = Status.DRAFT
        return image.id


def launch(session: Session) -> None:
    """As pages and API do it."""
    experiment = session.exec(select(Experiment)).one()
    images.hold(session, drafts.design_of(experiment))
    experiment.status = Status.SCHEDULED
    session.flush()


@pytest.mark.parametrize("first", ["launched", "removed"])
def test_of_two_at_once_the_second_is_told(database: Database, shown: str, first: str):
    acts: dict[str, Callable[[Session], None]] = {
        "launched": launch,
        "removed": lambda session: images.remove(session, shown),
    }
    second = next(name for name in acts if name != first)
    is_done = threading.Event()

    def begin() -> None:
        with database.write() as session:
            try:
                acts[first](session)
            finally:
                is_done.set()
            threading.Event().wait(A_MOMENT)

    def follow() -> None:
        is_done.wait()
        with database.write() as session:
            acts[second](session)

    with ThreadPoolExecutor(2) as pool:
        begun, followed = pool.submit(begin), pool.submit(follow)
        begun.result()
        with pytest.raises(Conflict):
            followed.result()
    with database.read() as session:
        is_there = session.get(MailImage, shown) is not None
        status = session.exec(select(Experiment.status)).one()

    assert (is_there, status) == (
        (True, Status.SCHEDULED) if first == "launched" else (False, Status.DRAFT)
    )
