"""Everything counted again from raw rows and from the mail server's own ledger."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import httpx
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.analysis import readout as readouts
from app.analysis.models import Kind, Snapshot
from app.analysis.readout_json import as_json
from app.audience.models import Person
from app.experiments.models import ENDED, Approval, Experiment
from app.platform.clock import iso
from app.tally.models import Outcome
from app.tracking.hit_line import HitKind
from app.tracking.models import Answer
from tests import kept
from tests.anew import count_from_outcomes
from tests.faults.town import APPROVE_ABOVE, Town, signs_of
from tests.recount import Rows

_STATES = ("queued", "sending", "sent", "failed", "bounced", "uncertain", "skipped", "held")
_AT_THE_END = ("released", "did", "converted", "value", "human_clickers", "unknown_clickers")
_GOES_ON = ("ingested_until", "lag_seconds")  # while somebody reads
_EXPORTED = (
    "arm", "released_at", "closes_at", "clicked_at", "maybe_clicked_at", "machine_clicked_at",
    "opened_at", "machine_opened_at", "unsubscribed_at", "did_at", "maybe_did_at", "clicks",
    "converted", "value", "capped", "sent", "failed", "bounced", "uncertain",
)  # fmt: skip


def rows_of(session: Session, town: Town) -> Rows:
    """What is there, with the people of conversions that name nobody any more."""
    return Rows(session, town.whose)


def mails_agree(rows: Rows, town: Town) -> None:
    """Whoever is sent has got one; whoever is not, none; only the uncertain may be either."""
    addresses = {gone.person_id: to for to, gone in town.ever_gone()} | {
        one.id: one.email for one in rows.all(Person)
    }
    sends = {send.id: send for send in rows.sends}
    frozen = {one.id: one.frozen for one in rows.enrolments}
    left = {gone.person_id for _, gone in town.ever_gone()}
    got = Counter[int]()
    for to, mail in town.mailbox.mails():
        send = sends[_send_of(mail)]
        got[send.id] += 1
        named = (addresses[send.person_id], rows.experiments[send.experiment_id].name)
        assert (to, str(mail["Subject"])) == named
        assert send.person_id in left or _says(mail, frozen[send.id])
    for send in rows.sends:
        times = got[send.id]
        if send.state != "uncertain":
            assert (send.state, times) == (send.state, int(send.state == "sent")), send
        assert times <= 1
        assert send.arm != "holdout" or not times
    assert any(send.state == "sent" for send in rows.sends)
    assert town.mailbox.mailed_twice() == []


def _send_of(mail: EmailMessage) -> int:
    """Which of two whom one address had, before and after it was erased, a mail was for."""
    return int(mail["Message-ID"].strip("<").partition(".")[0])


def _says(mail: EmailMessage, cells: Mapping[str, str]) -> bool:
    """Cells that changed on the way changed nothing for whoever was enrolled."""
    part = mail.get_body(("plain",))
    assert part is not None
    return f"it is {cells['euros']} € a week" in part.get_content()


def nobody_got_more(town: Town) -> None:
    """After a cancel, a decision, an undone launch, an unsubscribe, an erasure."""
    more = [(one, town.mails_in(one)) for one in town.silences]
    assert [(one, mails) for one, mails in more if mails != one.mails] == []


def nobody_was_mailed_while_cooling_off(rows: Rows, town: Town) -> None:
    """Whom an experiment with cooling-off days mailed had no mail of another one before."""
    released = {
        (rows.experiments[one.experiment_id].name, one.person_id): one.released_at
        for one in rows.sends
    }
    ids = {one.email: one.id for one in rows.all(Person)}
    cooling = {run.name for run in town.launched() if run.is_cooling}
    earlier: dict[str, list[str]] = {}
    for to, mail in town.mailbox.mails():
        name, whom = str(mail["Subject"]), ids.get(to, "")
        told = name in cooling and (name, whom) in released
        for other in earlier.get(to, ()) if told else ():
            if (other, whom) not in released:
                continue  # to who they were before they were erased
            assert released[other, whom] >= released[name, whom], (to, other, name)
        earlier.setdefault(to, []).append(name)


def lives_agree(api: httpx.Client, town: Town) -> None:
    """What was cancelled, decided, undone or removed is so; and the others came to their end."""
    for run in town.runs.values():
        town.look(api, run)
        assert not run.was_launched or run.status in {"measuring", *ENDED}, run
    listed = {one["id"] for one in town.every(api, "/experiments")}
    users = {one["email"] for one in town.every(api, "/users")}

    assert town.runs.keys() <= listed
    assert {path for path in town.removed if path.rpartition("/")[2] in listed} == set()
    assert town.removed & users == set()


def progress_agrees(rows: Rows, api: httpx.Client, town: Town) -> None:
    for run in town.launched():
        told = town.read(api, f"/experiments/{run.id}/progress")
        sends = Counter(send.state for send in rows.sends if send.experiment_id == run.id)
        mine = sum(one.experiment_id == run.id for one in rows.enrolments)
        enrolled = 0 if rows.experiments[run.id].enrolled is None else mine  # cancelled before
        sends["skipped"] += enrolled - sends.total()  # of one that ended before it was planned
        assert (run, {name: told[name] for name in _STATES}) == (
            run,
            {name: sends[name] for name in _STATES},
        )
        assert told["enrolled"] == enrolled


def clicks_agree(rows: Rows, town: Town) -> None:
    """Every request that was answered is there once; one that broke off may be."""
    answered, unsure = town.answered.total(), town.unsure.total()

    assert answered <= rows.clicks() <= answered + unsure


def answers_agree(rows: Rows, town: Town) -> None:
    """What each said last on the page behind their link, and nothing of who was erased."""
    experiments = {key: one.name for key, one in rows.experiments.items()}
    emails = {one.id: one.email for one in rows.all(Person)}
    sends = {one.id: one for one in rows.sends}
    held = {}
    for one in rows.all(Answer):
        send = sends[one.send_id]
        if send.person_id in emails:
            key = (experiments[send.experiment_id], emails[send.person_id])
            held[key] = (one.useful, one.comment)
        else:
            assert one.comment == "", one

    assert held == town.said


def approvals_agree(rows: Rows, town: Town) -> None:
    """What went to more people than one person may send to, a second one had approved."""
    approved = {one.experiment_id: one for one in rows.all(Approval)}
    enrolled = Counter(one.experiment_id for one in rows.enrolments)
    alone = {run.id for run in town.launched() if run.id not in approved}
    assert {one: enrolled[one] for one in alone if enrolled[one] > APPROVE_ABOVE} == {}
    for run in town.launched():
        if run.id in approved and enrolled[run.id] > APPROVE_ABOVE:
            assert run.was_approved, run
            assert enrolled[run.id] <= approved[run.id].people * 1.1


def conversions_agree(rows: Rows, api: httpx.Client, town: Town) -> None:
    """Each id once, with its first body; of whoever had been erased, none."""
    held = {row.id: row.value for row in rows.conversions}
    listed = town.every(api, "/conversions")

    assert held == {key: body["value"] for key, body in town.told.items() if key not in town.unkept}
    assert sorted(one["id"] for one in listed) == sorted(held)


def cells_agree(rows: Rows, town: Town) -> None:
    """Everybody's line of the last file, and nobody who was erased."""
    held = {one.person_id: one.data for one in rows.memberships}
    found = {one.email: held[one.id]["euros"] for one in rows.all(Person) if one.id in held}

    assert found == {to: cells["euros"] for to, cells in town.cells.items() if to not in town.gone}


def who_left_changed_no_number(rows: Rows, town: Town) -> None:
    for to, gone in town.ever_gone():
        assert (to, town.numbers_of(gone.person_id)) == (to, gone.numbers)


def whoever_refused_left_nothing_since(rows: Rows, town: Town) -> None:
    """No click: what they refused. Of moments told by a clock that went on."""
    if town.set_back:
        return
    ids = {one.email: one.id for one in rows.all(Person)}
    people = {send.id: send.person_id for send in rows.sends}
    since = {ids[to]: at for to, at in town.refused_at.items() if to in ids}
    late = [
        hit.at
        for hit in rows.hits
        if hit.kind == HitKind.CLICK
        and hit.send_id in people
        and hit.at > since.get(people[hit.send_id], hit.at)
    ]
    assert late == []


def readouts_follow(session: Session, api: httpx.Client, town: Town, now: datetime) -> None:
    """From outcomes and counters made of raw rows the same is read as from those that are kept."""
    told = {run.id: town.read(api, f"/experiments/{run.id}/readout") for run in town.launched()}
    held = {one: _counted(session, one, now) for one in told}
    rows = rows_of(session, town)
    for one in rows.outcomes:
        made = rows.of_hits(one) | rows.of_reports(one) | rows.of_answers(one)
        session.execute(update(Outcome).where(col(Outcome.send_id) == one.send_id).values(**made))
    for experiment_id in told:
        count_from_outcomes(session, experiment_id)
    again = {one: _counted(session, one, now) for one in told}
    finals = _finals(session)
    session.rollback()
    for one, readout in told.items():
        assert _unlike(held[one], again[one]) == {}
        if one in finals:
            assert _of_json(readout, "arms", "estimates") == _of_json(
                finals[one], "arms", "estimates"
            )
        if one in finals and not town.set_back:
            _final_is_what_came(readout, again[one])


def _final_is_what_came(readout: dict[str, Any], again: dict[str, Any]) -> None:
    """What was frozen, beside what is counted from raw rows now."""
    arms = [
        {arm["key"]: [arm[name] for name in _AT_THE_END] for arm in one["arms"]}
        for one in (readout, again)
    ]
    assert arms[0] == arms[1]
    assert readout["call"]["state"] == again["call"]["state"]
    assert readout["call"]["pass_count"] == again["call"]["pass_count"]


def _counted(session: Session, experiment_id: str, now: datetime) -> dict[str, Any]:
    session.expire_all()
    experiment = session.get_one(Experiment, experiment_id)
    counted = as_json(readouts.counted(session, experiment, now=now))
    return counted | {"health": counted["health"] | dict.fromkeys(_GOES_ON)}


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def _finals(session: Session) -> dict[str, dict[str, Any]]:
    rows = session.scalars(select(Snapshot).where(Snapshot.kind == Kind.FINAL))
    return {row.experiment_id: row.body for row in rows}


def _of_json(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names}


def exports_agree(rows: Rows, api: httpx.Client, town: Town) -> None:
    """Every line says of its send what the rows say."""
    outcomes = {one.send_id: one for one in rows.outcomes}
    for run in town.launched():
        text = api.get(f"/experiments/{run.id}/export", params={"format": "csv"}).text
        lines = {int(one["send_id"]): one for one in csv.DictReader(io.StringIO(text))}
        mine = {send.id: send for send in rows.sends if send.experiment_id == run.id}

        assert lines.keys() == mine.keys()
        for send_id, line in lines.items():
            assert line["state"] == mine[send_id].state
            if one := outcomes.get(send_id):
                said = {name: line[name] for name in _EXPORTED}
                assert said == {name: _written(getattr(one, name)) for name in _EXPORTED}


def _written(value: object) -> str:
    return "" if value is None else iso(value) if isinstance(value, datetime) else str(value)


def kept_counts_agree(rows: Rows) -> None:
    assert kept.differences(rows) == []


def nothing_is_found_of_who_left(town: Town, said: str) -> None:
    """Not in the files of the service that has stopped, nor in its log, nor in what it said."""
    signs = [sign.encode() for to in town.gone for sign in signs_of(to)]
    places = {str(path): path for path in town.service.data.rglob("*") if path.is_file()}
    texts = {name: path.read_bytes() for name, path in places.items()}
    texts |= {"log": town.service.log.encode(), "said": said.encode()}
    found = [(name, sign) for name, text in texts.items() for sign in signs if sign in text]

    assert found == []
