"""A poisoned row of each kind of work beside a healthy experiment (F22): only the row waits."""

from datetime import datetime
from typing import Any

import httpx
from sqlmodel import Session, select

from app.delivery.models import Notice, Send, State
from app.experiments.models import Experiment, Status
from app.ops.installation import open_house
from app.outreach import fanout
from app.outreach.models import Connector, Push
from app.platform import clock, config, install
from app.platform.events import Event
from app.platform.put_off import Work
from app.tally.models import Counter
from tests.cast import DESIGN, made
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, wait_until

GARBAGE: dict[str, Any] = {
    "rule": {"kind": "threshold", "method": "sequential"},
    "waves": [{"people": "many"}, {}],
    "stop_at": "soon",
    "arms": 7,
    "key_results": [],
}


def experiment(session: Session, status: Status, now: datetime) -> str:
    """An experiment of which nothing can be made: somebody waits, and somebody was mailed."""
    row = Experiment(
        name=f"Poison, {status}", design=GARBAGE, status=status, created_at=now, updated_at=now,
        audience_id="none", launched_at=now, scheduled_at=now, plan={},
        started_at=None if status is Status.SCHEDULED else now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if row.started_at is not None:
        session.add(Counter(experiment_id=row.id, arm="x", hour=now, stratum=""))
        (number,) = install.take_send_ids(session, 1)
        session.add(
            Send(
                id=number, experiment_id=row.id, arm="x", person_id="nobody", due_at=now,
                state=State.QUEUED,
            )
        )  # fmt: skip
    return row.id


def others(session: Session, now: datetime) -> None:
    """An event, a push and a notice of which nothing can be made."""
    session.add(Event(at=now, kind=fanout.VALUED, subject="gone", facts={}))
    connector = Connector(
        kind="webhook", name="Poison", settings={"url": 7}, secrets="x", created_at=now,
        created_by="x",
    )  # fmt: skip
    session.add(connector)
    session.flush()
    session.add(
        Push(
            event_id="e", connector_id=connector.id, lane="l", kind="k", subject="s",
            happened_at=now, facts={}, external={}, due_at=now, created_at=now,
        )
    )  # fmt: skip
    session.add(
        Notice(
            kind="friday", recipient="nö@b@d", subject="x", text="x", html="x", due_at=now,
            created_at=now, headers={"Subject": "ö"},
        )
    )  # fmt: skip


def test_only_what_is_poisoned_waits_and_each_says_why(service: Installation, mailbox: Mailbox):
    now = clock.now()
    with service.api("editor") as api:
        audience = given_an_audience(api, people=40)
        settings = config.load(data_dir=service.data, database_url=service.database_url)
        database = open_house(settings).database
        with database.write() as session:
            for status in (Status.SCHEDULED, Status.RUNNING, Status.MEASURING):
                experiment(session, status, now)
            others(session, now)
        well = str(made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"])
        assert api.post(f"/experiments/{well}/launch").status_code < 300
        wait_until(lambda: finished(api, well), what="the healthy one")
        expected = {Work.START, Work.PLAN, Work.SEND, Work.SKIP, Work.WAVE, Work.FREEZE, Work.TELL}
        wait_until(lambda: expected <= _waiting(api).keys(), what="what is put off")
        reasons = _waiting(api)
        with database.read() as session:
            (push,) = session.exec(select(Push).where(Push.event_id == "e")).all()
            (notice,) = session.exec(select(Notice)).all()
        database.close()

    print(f"{len(mailbox.taken)} of 40 mailed; {len(reasons)} kinds put off: {sorted(reasons)}")
    assert len(mailbox.taken) == 40
    assert all(reasons.values())
    assert "(table experiment, row" in reasons[Work.START]
    assert (push.state, bool(push.last_error)) == ("stopped", True)
    assert notice.state == "failed"
    assert httpx.get(f"{service.url}/ready").status_code == 200
    looked = service.command("doctor")
    assert looked.returncode == 1
    (said,) = [line for line in looked.stdout.splitlines() if line.startswith("WRONG  put off")]
    assert "Poison, " in said, said  # the oldest of them by name, whichever failed first
    assert said.endswith(f"{service.url}/put-off"), said


def _waiting(api: httpx.Client) -> dict[str, str]:
    """The reason by the kind of work."""
    return {one["work"]: one["reason"] for one in api.get("/put-off").json()["items"]}
