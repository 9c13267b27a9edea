"""How things stand, beside what pages and API say of the same rows, whatever happened before."""

from datetime import timedelta
from random import Random

import pytest

from app.allocation import store, weeks
from app.delivery import queue_store
from app.delivery.models import Notice, Send, State
from app.experiments.models import Experiment, Status
from app.ops import gauges
from app.ops.gauges import Due
from app.ops.installation import House
from app.outreach import failing
from app.outreach.models import Connector, Push
from app.outreach.models import State as PushState
from app.platform import events, put_off
from app.platform.ids import new_id
from app.platform.put_off import PAUSES, Work
from app.tracking import folder_rows, folders
from app.tracking.folders import Folder
from app.tracking.models import Reaction
from tests.allocation.office import Office
from tests.moments import NOW


def _experiment(status: Status = Status.RUNNING) -> Experiment:
    return Experiment(
        id=new_id(), name="Waste", status=status, created_at=NOW, updated_at=NOW, enrolled=0
    )


def _send(random: Random, experiment: Experiment, number: int) -> Send:
    return Send(
        id=number,
        experiment_id=experiment.id,
        arm="insight",
        person_id=f"p{number}",
        state=random.choice(list(State)),
        due_at=NOW - timedelta(seconds=random.randint(1, 5_000)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_sends_are_counted_as_the_progress_of_experiments_counts_them(house: House, seed: int):
    random = Random(seed)
    experiments = [_experiment(random.choice(list(Status))) for _ in range(4)]
    with house.database.write() as session:
        session.add_all(experiments)
        sends = [_send(random, random.choice(experiments), number) for number in range(1, 80)]
        session.add_all(sends)
    with house.database.write() as session:
        for send in random.sample(sends, 30):
            row = session.get_one(Send, send.id)
            row.state = random.choice(list(State))
            session.add(row)
    look = gauges.look(house)
    with house.database.read() as session:
        each = [queue_store.counts(session, one.id) for one in experiments]
        due = [
            send.due_at
            for one in experiments
            for send in (session.get_one(Send, send.id) for send in sends)
            if send.experiment_id == one.id
            and one.status == Status.RUNNING
            and send.state == State.QUEUED
        ]

    for state in State:
        assert look.of(gauges.SENDS, state) == sum(counts.get(state, 0) for counts in each)
    wait = (NOW - min(due)).total_seconds() if due else 0
    assert look.of(gauges.OLDEST_DUE, Due.SEND) == pytest.approx(wait, abs=5)


def test_a_send_that_goes_on_slowly_is_not_late(house: House):
    with house.database.write() as session:
        experiment = _experiment()
        session.add(experiment)
        for number, ago in ((1, 40), (2, 3)):
            session.add(
                Send(
                    id=number, experiment_id=experiment.id, arm="a", person_id=f"p{number}",
                    state=State.SENT, due_at=NOW - timedelta(hours=9),
                    released_at=NOW - timedelta(minutes=ago),
                )
            )  # fmt: skip
        late = _send(Random(1), experiment, 3)
        late.state, late.due_at = State.QUEUED, NOW - timedelta(hours=9)
        session.add(late)

    assert gauges.look(house).of(gauges.OLDEST_DUE, Due.SEND) == pytest.approx(180, abs=5)


def test_what_failed_is_counted_as_the_page_counts_it(house: House):
    random = Random(7)
    with house.database.write() as session:
        for number in range(30):
            work = random.choice(list(Work))
            put_off.note(session, work, f"item {number}", "It did not work.", now=NOW)
        put_off.owe(session, Work.TELL, "not tried yet", now=NOW)
        cancelled = next(iter(put_off.of_work(session, work).values()))
        put_off.cancel(session, cancelled.id, by="Ann", now=NOW)
    look = gauges.look(house)
    with house.database.read() as session:
        told = failing.failing(session)

    counted = {work: look.of(gauges.PUT_OFF, work) for work in Work}
    assert sum(filter(None, counted.values())) == 29
    assert len(told) == 20, "the page shows the first of them"


def test_pushes_are_counted_by_state_up_to_an_end(house: House, monkeypatch: pytest.MonkeyPatch):
    random = Random(3)
    states = [random.choice(list(PushState)) for _ in range(40)]
    with house.database.write() as session:
        session.add(
            Connector(id="c", kind="webhook", name="x", secrets="x", created_at=NOW, created_by="x")
        )
        for number, state in enumerate(states):
            session.add(
                Push(
                    event_id=str(number), connector_id="c", lane="l", kind="k", subject="s",
                    happened_at=NOW, due_at=NOW - timedelta(minutes=number), created_at=NOW,
                    state=state,
                )
            )  # fmt: skip
    look = gauges.look(house)
    monkeypatch.setattr("app.outreach.pushes.MOST_COUNTED", 3)
    few = gauges.look(house)

    for state in (PushState.WAITING, PushState.SENDING, PushState.STOPPED):
        assert look.of(gauges.PUSHES, state) == states.count(state)
        assert few.of(gauges.PUSHES, state) == 3
    longest = max(number for number, state in enumerate(states) if state is PushState.WAITING)
    assert look.of(gauges.OLDEST_DUE, Due.PUSH) == pytest.approx(60 * longest, abs=5)


@pytest.mark.parametrize("seed", range(3))
def test_the_survey_is_told_as_the_week_tells_it(house: House, seed: int):
    with house.database.write() as session:
        office = Office(session, Random(seed))
        for _ in range(60):
            office.step()
    look = gauges.look(house)
    with house.database.read() as session:
        last = store.last_week(session)
        assert last
        week = weeks.opened_week(session, last)

    assert look.of(gauges.SURVEY, "asked") == week.asked
    assert look.of(gauges.SURVEY, "answered") == week.answered


def test_each_kind_of_work_that_is_due_is_told_with_its_age(house: House):
    hour = NOW - timedelta(hours=1)
    with house.database.write() as session:
        events.record(session, "experiment.launched", subject="x", now=hour)
        session.add(
            Notice(
                kind="test", recipient="x", subject="x", text="x", html="x", due_at=hour,
                created_at=hour,
            )
        )  # fmt: skip
        session.add(Reaction(send_id=1, due_at=hour))
        session.add(Reaction(send_id=2, due_at=NOW + timedelta(hours=1)))
    look = gauges.look(house)

    for work in (Due.EVENT, Due.TEAM_MAIL, Due.JUDGE):
        assert look.of(gauges.OLDEST_DUE, work) == pytest.approx(3600, abs=5)
    for work in (Due.SEND, Due.PUSH, Due.IMPORT, Due.SURVEY, Due.VALUE):
        assert look.of(gauges.OLDEST_DUE, work) == 0


def test_a_machine_that_lags_or_lost_clicks_is_told_and_one_that_is_gone_is_not(house: House):
    ago = {"fresh": 5, "behind": 400, "stopped": 9_000, "retired": 9_000}
    with house.database.write() as session:
        for name, seconds in ago.items():
            folder = Folder(name, house.settings.data_dir, "")
            until = NOW - timedelta(seconds=seconds)
            heard = NOW if name in {"fresh", "behind"} else until
            folders.register(session, folder, is_empty=True, lost=0, now=until)
            folders.report(
                session, folder, until=until, lost=2, drained=name == "stopped", now=heard
            )
        folders.retire(session, "retired", by="Ann", now=NOW)
        folders.acknowledge(session, "fresh")
    look = gauges.look(house)
    with house.database.read() as session:
        states = [folders.state_of(row, now=NOW) for row in folder_rows.folders(session)]

    assert look.of(gauges.LAG) == pytest.approx(400, abs=5)
    assert look.of(gauges.LOST) == 6
    for state in folders.FolderState:
        assert look.of(gauges.FOLDERS, state) == states.count(state)


def test_a_wait_is_told_until_somebody_gives_it_up_and_never_below_nought(house: House):
    with house.database.write() as session:
        events.record(session, "x", subject="x", now=NOW + PAUSES[-1])  # a clock was set back

    assert gauges.look(house).of(gauges.OLDEST_DUE, Due.EVENT) == 0
