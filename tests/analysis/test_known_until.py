"""Nothing is final before everything is read: every final thing × every state of a data folder."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from app.analysis import known_until, list_calls, look_worker, planned_looks, snapshots, store
from app.analysis import readout as readouts
from app.analysis.models import Kind
from app.analysis.readout_types import Readout, State
from app.delivery.models import Send
from app.experiments import waves
from app.experiments.models import Experiment, Status
from app.platform.errors import Conflict, NotFound
from app.tracking import folders
from app.tracking.folders import Folder
from app.tracking.models import Hit, Reaction
from tests.analysis.scenes import (
    HOUR,
    MINUTE,
    TUESDAY,
    WINDOW,
    click,
    given_experiment,
    mail,
)
from tests.analysis.test_planned_looks import day_of, first_wave, given_looks
from tests.duties import looks_due, write_due
from tests.okr.scenes import course, given_key_result, given_objective
from tests.review.scenes import decided

OSLO = ZoneInfo("Europe/Oslo")
SECOND = timedelta(seconds=1)
END = TUESDAY + WINDOW + 15 * MINUTE  # of counting, the last clicks settled
WEB_1, WEB_2 = Folder("one", Path("/srv/one")), Folder("two", Path("/srv/two"))


def registered(session: Session, folder: Folder = WEB_2, *, now: datetime = TUESDAY - HOUR) -> None:
    folders.register(session, folder, is_empty=False, lost=0, now=now)


def reported(
    session: Session, until: datetime | None, *, seen: datetime, folder: Folder = WEB_2, **more: Any
) -> None:
    told: dict[str, Any] = {"lost": 0, "drained": False} | more
    folders.report(session, folder, until=until, now=seen, **told)


def ingested(session: Session, due: datetime, now: datetime) -> None:
    reported(session, due, seen=now)


def behind(session: Session, due: datetime, now: datetime) -> None:
    reported(session, due - SECOND, seen=now)


def silent(session: Session, due: datetime, now: datetime) -> None:
    del now
    reported(session, due - SECOND, seen=due - SECOND)


def drained(session: Session, due: datetime, now: datetime) -> None:
    del now
    reported(session, due - SECOND, seen=due - SECOND, drained=True)


def unread(session: Session, due: datetime, now: datetime) -> None:
    del due
    reported(session, None, seen=now)


def retired(session: Session, due: datetime, now: datetime) -> None:
    silent(session, due, now)
    folders.retire(session, WEB_2.id, by="Ann", now=now)


def back(session: Session, due: datetime, now: datetime) -> None:
    retired(session, due, now)
    registered(session, now=now)


def one_of_two_is_silent(session: Session, due: datetime, now: datetime) -> None:
    silent(session, due, now)
    reported(session, now, seen=now, folder=WEB_1)


def two_are_read(session: Session, due: datetime, now: datetime) -> None:
    for folder in (WEB_1, WEB_2):
        reported(session, due, seen=now, folder=folder)


def none_ever(session: Session, due: datetime, now: datetime) -> None:
    del session, due, now


def copied(session: Session, due: datetime, now: datetime) -> None:
    """Both live, and each has read what it has."""
    del due
    reported(session, now, seen=now - 2 * MINUTE)
    for place in ("copy", "first", "copy"):
        reported(session, now, seen=now, folder=replace(WEB_2, place=place))


READ = (ingested, retired, two_are_read, none_ever)
WAITING = (behind, silent, drained, unread, back, one_of_two_is_silent, copied)


class Final(ABC):
    """Something that is never taken back, of an experiment whose time has come."""

    due = END

    @abstractmethod
    def given(self, session: Session) -> Experiment: ...

    @abstractmethod
    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool: ...


class Snapshot(Final):
    def given(self, session: Session) -> Experiment:
        experiment = given_experiment(session)
        mail(session, experiment, 600)
        return experiment

    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        snapshots.freeze_due(session, now)
        return store.snapshot_of(session, experiment.id, Kind.FINAL) is not None


class CallOnThePage(Snapshot):
    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        call = readouts.readout_of(session, experiment, now=now).call
        return call.state is State.REFUTED and not call.provisional


class CallInAList(Snapshot):
    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        call = list_calls.calls_of(session, [experiment], now=now)[experiment.id]
        return call.state is State.REFUTED and not call.provisional


class OfACancelledOne(Snapshot):
    def given(self, session: Session) -> Experiment:
        experiment = given_experiment(session, status=Status.CANCELLED)
        mail(session, experiment, 300)
        return experiment


class PlannedLook(Final):
    due = TUESDAY  # set from the plan

    def given(self, session: Session) -> Experiment:
        experiment = given_looks(session)
        first_wave(session, experiment, clickers=45)
        self.due = day_of(experiment, 1)
        return experiment

    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        due = looks_due(session, now)
        held = look_worker.hold(session, experiment, now=now)
        assert (
            bool(due)
            == bool(held)
            == bool(planned_looks.held_of(session, [experiment.id])[experiment.id])
        )
        return held is not None


class AnytimeLook(Final):
    def given(self, session: Session) -> Experiment:
        experiment = given_looks(session, method="anytime")
        first_wave(session, experiment, clickers=90)
        return experiment

    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        return look_worker.hold(session, experiment, now=now) is not None


class NextWave(Final):
    due = TUESDAY + timedelta(hours=24)

    def given(self, session: Session) -> Experiment:
        halves = [{"share": 0.5, "after_hours": 0}, {"share": 0.5, "after_hours": 24}]
        experiment = given_experiment(session, status=Status.RUNNING, design={"waves": halves})
        mail(session, experiment, 300)
        return experiment

    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        waves.open_due(session, experiment, look_worker.Gate(), now=now)
        assert experiment.status == Status.RUNNING
        return experiment.open_wave == 1


class KeyResultValue(Final):
    def given(self, session: Session) -> Experiment:
        bakers: dict[str, Any] = {
            "unit": "percent",
            "start": 0,
            "target": 15,
            "source": "experiment",
        }
        self.row = given_key_result(session, given_objective(session), **bakers)
        link = {"key_result_id": self.row.id, "mode": "direct"}
        experiment = given_experiment(session, design={"key_results": [link]})
        mail(session, experiment, 600)
        click(session, 72)
        return experiment

    def happens(self, session: Session, experiment: Experiment, *, now: datetime) -> bool:
        del experiment
        write_due(session, OSLO, now)
        return bool(course(session, self.row.id))


FINAL = (
    Snapshot,
    CallOnThePage,
    CallInAList,
    OfACancelledOne,
    PlannedLook,
    AnytimeLook,
    NextWave,
    KeyResultValue,
)


@pytest.mark.parametrize("state", [*READ, *WAITING], ids=lambda state: state.__name__)
@pytest.mark.parametrize("kind", FINAL, ids=lambda kind: kind.__name__)
def test_nothing_is_final_before_every_folder_is_read_past_it(
    session: Session, kind: type[Final], state: Any
):
    final = kind()
    experiment = final.given(session)
    state(session, final.due, final.due + HOUR)

    assert final.happens(session, experiment, now=final.due + HOUR) is (state in READ)


@pytest.mark.parametrize("kind", FINAL, ids=lambda kind: kind.__name__)
def test_it_happens_as_soon_as_the_last_folder_is_read(session: Session, kind: type[Final]):
    final = kind()
    experiment = final.given(session)
    one_of_two_is_silent(session, final.due, final.due + HOUR)
    before = final.happens(session, experiment, now=final.due + HOUR)
    reported(session, final.due, seen=final.due + 2 * HOUR)

    assert (before, final.happens(session, experiment, now=final.due + 2 * HOUR)) == (False, True)


def readout(session: Session, state: Any, *, now: datetime = END + HOUR) -> Readout:
    experiment = Snapshot().given(session)
    state(session, END, now)
    return readouts.readout_of(session, experiment, now=now)


def test_a_silent_folder_is_named_with_what_to_do(session: Session):
    told = readout(session, silent)

    assert told.call.state is State.WAITING
    assert f"clicks of {WEB_2.host}, silent since Friday 27 November, 09:14" in told.call.sentence
    assert f"`thinslice folder retire {WEB_2.host}`" in told.call.sentence
    assert told.why_not_yet == told.health.warnings[:1] == told.call.because[-1:]
    assert told.health.ingested_until == END - SECOND


def test_a_folder_that_is_being_read_is_no_trouble_of_anybodys(session: Session):
    told = readout(session, behind)

    assert "are being read: up to Friday 27 November, 09:14 they are in" in told.call.sentence
    assert "retire" not in told.call.sentence


def test_one_that_was_stopped_in_order_says_that_nothing_is_lost(session: Session):
    told = readout(session, drained).call.sentence

    assert "was stopped on Friday 27 November, 09:14 with all its clicks read" in told
    assert "nothing is lost by that" in told


def test_two_folders_of_one_host_are_told_apart(session: Session):
    registered(session, WEB_1)
    told = readout(session, silent).call.sentence

    assert f"{WEB_2.host}:{WEB_2.path}" in told


def test_what_a_retired_folder_answered_and_nobody_read_is_said(session: Session):
    told = readout(session, retired)

    assert told.call.state is State.REFUTED
    assert "what it answered from Friday 27 November, 09:14" in " ".join(told.health.warnings)
    assert told.health.lost_clicks == 0  # how many, nobody knows


def test_a_drained_folder_is_retired_without_a_loss(session: Session):
    drained(session, END, END + HOUR)
    folders.retire(session, WEB_2.host, by="Ann", now=END + HOUR)

    assert "retired" not in " ".join(readout(session, none_ever).health.warnings)


def test_a_folder_that_comes_back_is_waited_for_and_what_it_held_is_no_loss(session: Session):
    waiting = readout(session, back)
    reported(session, END + 2 * HOUR, seen=END + 2 * HOUR)
    (experiment,) = store.without_final(session)
    told = readouts.readout_of(session, experiment, now=END + 2 * HOUR)

    assert waiting.call.state is State.WAITING
    assert (told.call.state, told.health.warnings) == (State.REFUTED, ())


def test_a_living_folder_is_not_retired_and_an_unknown_one_is_not_here(session: Session):
    reported(session, END, seen=END)

    with pytest.raises(Conflict, match="Stop that machine first"):
        folders.retire(session, WEB_2.id, by="Ann", now=END + MINUTE)
    with pytest.raises(NotFound, match="thinslice folder list"):
        folders.retire(session, "web-9", by="Ann", now=END)


def test_hits_that_could_not_be_kept_stand_in_the_readouts_of_their_time(session: Session):
    experiment = Snapshot().given(session)
    reported(session, TUESDAY, seen=TUESDAY)
    reported(session, TUESDAY + HOUR, seen=TUESDAY + HOUR, lost=3)
    reported(session, END + HOUR, seen=END + HOUR, lost=3)
    later = given_experiment(session)
    later.started_at = END
    told, other = (readouts.readout_of(session, one, now=END + HOUR) for one in (experiment, later))

    assert (told.health.lost_clicks, other.health.lost_clicks) == (3, 0)
    assert "3 clicks and opens were answered and could not be kept" in told.health.warnings[-1]


def test_a_new_folder_holds_nothing_of_the_time_before_it(session: Session):
    folders.register(session, WEB_1, is_empty=True, lost=0, now=END)

    assert readout(session, none_ever).call.state is State.REFUTED


def test_a_clock_set_back_is_said_as_it_is(session: Session):
    reported(session, END, seen=END)
    reported(session, END - HOUR, seen=END - HOUR)

    assert known_until.known_everywhere(session, now=END).until == END - HOUR


def given_unjudged(session: Session, experiment: Experiment, *, at: datetime) -> None:
    """A click on a mail that was settled after it, so that it is judged again."""
    send: dict[str, Any] = {"experiment_id": experiment.id, "arm": "insight", "person_id": "p"}
    hit: dict[str, Any] = {
        "segment_id": "s", "segment_offset": 1, "kind": "click", "link": 1, "method": "GET",
        "user_agent": "", "address_class": "unknown", "address_key": "", "verdict": "unknown",
        "rule": "R00", "rule_version": "1", "reason": "not yet",
    }  # fmt: skip
    session.add(Send(id=1, state="sent", due_at=TUESDAY, **send))
    session.add(Reaction(send_id=1, due_at=at + HOUR))
    session.add(Hit(send_id=1, at=at, **hit))
    session.flush()


def test_hits_that_are_to_be_judged_again_are_waited_for(session: Session):
    experiment = Snapshot().given(session)
    given_unjudged(session, experiment, at=END - HOUR)
    before = known_until.known_of(session, experiment, now=END + HOUR)
    session.get_one(Reaction, 1).due_at = None
    session.flush()

    assert before.until == END - HOUR
    assert known_until.known_of(session, experiment, now=END + HOUR).until == END + HOUR


def test_a_person_may_decide_meanwhile_and_the_record_says_so(session: Session):
    experiment = Snapshot().given(session)
    silent(session, END, END + HOUR)
    decision = decided(session, experiment, "stop")
    kept = store.snapshot_of(session, experiment.id, Kind.DECISION)

    assert decision.call == State.WAITING
    assert "waiting for the clicks" in decision.sentence
    assert kept is not None
    assert kept.body["health"]["ingested_until"] == "2026-11-27T09:14:59Z"
