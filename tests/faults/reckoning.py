"""Everything counted again from raw rows and from the mail server's own ledger."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import httpx
from sqlmodel import Session, select

from app.audience.models import Person
from app.delivery.models import Send
from app.tally.models import Counter as Counted
from app.tally.models import Outcome
from app.tracking.models import Conversion, Hit, HitCount
from app.tracking.store import as_hit
from tests.faults.town import EVENT, Town


def mails_agree(session: Session, town: Town) -> None:
    """Whoever is sent has got one; whoever is not, none; only the uncertain may be either."""
    got = Counter((str(mail["Subject"]), to) for to, mail in town.mailbox.mails())
    addresses = {one.id: one.email for one in session.exec(select(Person))}
    states = Counter[str]()
    for send in session.exec(select(Send)):
        times = got[town.experiments[send.experiment_id], addresses[send.person_id]]
        states[send.state] += 1
        if send.state != "uncertain":
            assert (send.state, times) == (send.state, int(send.state == "sent"))
        assert times <= 1
    assert states["sent"] > 0
    assert town.mailbox.mailed_twice() == []


def progress_agrees(session: Session, api: httpx.Client, town: Town) -> None:
    for experiment in town.experiments:
        told = api.get(f"/experiments/{experiment}/progress").json()
        sends = session.exec(select(Send).where(Send.experiment_id == experiment)).all()
        for state in ("queued", "sending", "sent", "failed", "bounced", "uncertain", "skipped"):
            rows = sum(send.state == state for send in sends)
            assert (experiment, state, told[state]) == (experiment, state, rows)
        assert told["enrolled"] == len(sends)


def clicks_agree(session: Session, town: Town) -> None:
    """Every request that was answered is there once; one that broke off may be."""
    kept = sum(hit.count for hit in all_clicks(session))
    answered, unsure = town.answered.total(), town.unsure.total()

    assert answered <= kept <= answered + unsure


def all_clicks(session: Session) -> list[Hit]:
    """Those that are only counted, too."""
    kept = session.exec(select(Hit).where(Hit.kind == "click")).all()
    counted = session.exec(select(HitCount).where(HitCount.kind == "click")).all()
    return [*kept, *map(as_hit, counted)]


def outcomes_agree(session: Session) -> None:
    """First clicks and requests from hits; conversions and values from conversions."""
    clicks: dict[int, list[Hit]] = defaultdict(list)
    for hit in all_clicks(session):
        clicks[hit.send_id].append(hit)
    people = {send.id: send.person_id for send in session.exec(select(Send))}
    done: dict[str, list[Conversion]] = defaultdict(list)
    for row in session.exec(select(Conversion)):
        done[row.person_id or ""].append(row)
    for one in session.exec(select(Outcome)):
        mine = [hit for hit in clicks[one.send_id] if one.released_at <= hit.at < one.closes_at]
        orders = [
            row
            for row in done[people[one.send_id]]
            if row.event == EVENT and one.released_at <= row.occurred_at < one.closes_at
        ]
        assert one.clicks == sum(hit.count for hit in mine if hit.method == "GET")
        judged = [hit for hit in mine if hit.id is not None]
        assert one.clicked_at == _first(judged, "human")
        assert one.maybe_clicked_at == _first(judged, "unknown")
        if one.converted or one.value:
            assert (one.converted, one.value) == (len(orders), sum(row.value for row in orders))


def conversions_agree(session: Session, api: httpx.Client, town: Town) -> None:
    """Each id once, with its first body; in the experiment that counts them, each person once."""
    kept = {row.id: row.value for row in session.exec(select(Conversion))}
    listed = api.get("/conversions", params={"limit": 1000}).json()["items"]
    (experiment,) = [one for one, subject in town.experiments.items() if subject == "Orders"]
    whole = session.exec(select(Outcome).where(Outcome.experiment_id == experiment)).all()
    people = {send.id: send.person_id for send in session.exec(select(Send))}
    done = list(session.exec(select(Conversion)))

    assert kept == {key: body["value"] for key, body in town.told.items()}
    assert sorted(one["id"] for one in listed) == sorted(kept)
    for one in whole:
        mine = [
            row
            for row in done
            if row.person_id == people[one.send_id]
            and one.released_at <= row.occurred_at < one.closes_at
        ]
        assert (one.converted, one.value) == (len(mine), sum(row.value for row in mine))


def counters_agree(session: Session) -> None:
    """The counters add up to the outcomes."""
    outcomes = list(session.exec(select(Outcome)))
    counters = list(session.exec(select(Counted)))
    for experiment in {one.experiment_id for one in outcomes}:
        people = [one for one in outcomes if one.experiment_id == experiment]
        rows = [one for one in counters if one.experiment_id == experiment]
        assert _sum(rows, "released") == len(people)
        for name in ("sent", "failed", "bounced", "uncertain", "clicks", "value"):
            assert (name, _sum(rows, name)) == (name, _sum(people, name))
        assert _sum(rows, "did") == sum(one.did_at is not None for one in people)
        assert _sum(rows, "human_clickers") == sum(one.clicked_at is not None for one in people)
        assert _sum(rows, "converted") == sum(one.converted > 0 for one in people)


def readout_and_export_agree(session: Session, api: httpx.Client, town: Town) -> None:
    """What the readout and the export say is what the rows say."""
    for experiment in town.experiments:
        people = session.exec(select(Outcome).where(Outcome.experiment_id == experiment)).all()
        sends = session.exec(select(Send).where(Send.experiment_id == experiment)).all()
        readout = api.get(f"/experiments/{experiment}/readout").json()
        exported = api.get(f"/experiments/{experiment}/export", params={"format": "csv"}).text
        lines = list(csv.DictReader(io.StringIO(exported)))
        arms = readout["arms"]
        told = {name: sum(arm[name] for arm in arms) for name in ("sent", "released", "clicks")}
        clickers = sum(one.clicked_at is not None for one in people)

        assert told == {
            "sent": sum(one.sent for one in people),
            "released": len(people),
            "clicks": sum(one.clicks for one in people),
        }
        assert sum(arm["human_clickers"] for arm in arms) == clickers
        assert sum(arm["converted"] for arm in arms) == sum(one.converted > 0 for one in people)
        assert {one["send_id"] for one in lines} == {str(send.id) for send in sends}
        assert sum(int(one["clicks"] or 0) for one in lines) == told["clicks"]
        assert sum(bool(one["clicked_at"]) for one in lines) == clickers


def _first(hits: Iterable[Hit], verdict: str) -> datetime | None:
    return min((hit.at for hit in hits if hit.verdict == verdict), default=None)


def _sum(rows: Iterable[Any], name: str) -> float:
    return float(sum(getattr(row, name) for row in rows))
