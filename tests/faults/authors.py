"""What people who run experiments do in a town: write, launch, stop, decide, remove."""

from functools import partial
from itertools import count
from typing import Any

import httpx

from app.experiments.approvals import BY_ANOTHER
from app.experiments.design_schemas import Draft
from app.experiments.models import ENDED, Experiment, Status
from app.platform.put_off import Work
from tests.cast import DESIGN
from tests.faults import neighbours
from tests.faults.happenings import operation
from tests.faults.town import EVENT, Run, Town
from tests.journeys.test_demo import csrf_of
from tests.serve import wait_until

_BODY = (
    "Hello {{ name }}, it is {{ euros }} € a week."
    ' [Show my list](https://halvern.example/list "list")'
    ' or [ask us](https://halvern.example/ask "ask"), or [tell us](answer: "tell").'
)
_HOURS = 6  # of a window: some close while the town lives
_THRESHOLD = {"kind": "threshold", "threshold": 0.3}
_LOOKS = {"rule": _THRESHOLD | {"method": "sequential", "looks": 2}}
_COMPARED = {"kind": "comparison", "baseline": "insight", "mde": 0.2}
DESIGNS: dict[str, dict[str, Any]] = {
    "Clicks": {"metric": {"kind": "click_rate"}, "rule": _THRESHOLD},
    "Orders": {
        "metric": {"kind": "conversion_rate", "event": EVENT},
        "rule": _COMPARED | {"baseline": "holdout"},
        "holdout": 0.3,
    },
    "Looks": _LOOKS
    | {
        "metric": {"kind": "click_rate"},
        "waves": [{"share": 0.5, "after_hours": 0}, {"share": 0.5, "after_hours": 2}],
        "guardrails": [{"metric": "unsubscribe_rate", "max": 0.3}],
    },
    "Named": {
        "metric": {"kind": "click_rate", "link": "ask"},
        "rule": _THRESHOLD | {"method": "anytime"},
        "honeypot": True,
    },
    "Values": {
        "metric": {"kind": "value_per_person", "event": EVENT, "cap": 12},
        "rule": _COMPARED | {"method": "anytime", "mde": 2},
    },
    "Opens": {"metric": {"kind": "open_rate"}, "rule": _COMPARED},
}
FIRST = ["Clicks", "Orders", "Looks"]
_MOST_RUNS = 12
_AFTER = {
    "pause": {Status.PAUSED},
    "resume": {Status.RUNNING, Status.MEASURING, Status.PAUSED},
    "cancel": {Status.CANCELLED, Status.DRAFT},
    "decision": {Status.DECIDED},
}
_UNDO_SECONDS = 5


@operation()
def pause(town: Town, api: httpx.Client) -> None:
    _move(town, api, town.any_run(), "pause")


@operation(weight=2)
def resume(town: Town, api: httpx.Client) -> None:
    _move(town, api, town.any_run(), "resume")


@operation()
def cancel(town: Town, api: httpx.Client) -> None:
    if town.rng.random() < 0.4:
        _move(town, api, town.any_run(), "cancel")


@operation()
def decide(town: Town, api: httpx.Client) -> None:
    if town.rng.random() < 0.6:
        choice = town.rng.choice(["stop", "iterate"])
        said = {"decision": choice, "learning": f"Enough, after {len(town.did)} operations."}
        _move(town, api, town.any_run(), "decision", json=said)


@operation(weight=2)
def launch_another(town: Town, api: httpx.Client) -> None:
    """One more, to the same people; sometimes only to whoever had no mail for a year."""
    if len(town.launched()) < _MOST_RUNS:
        launch(town, api, town.rng.choice(sorted(DESIGNS)), is_cooling=town.rng.random() < 0.5)


@operation()
def launch_and_undo(town: Town, api: httpx.Client) -> None:
    """A launch that may be undone for some seconds, and mostly is: then nobody was mailed."""
    if len(town.launched()) >= _MOST_RUNS:
        return
    run = write(town, api, town.rng.choice(sorted(DESIGNS)))
    if _launch(town, api, run, undo_seconds=_UNDO_SECONDS) and town.rng.random() < 0.7:
        _move(town, api, run, "cancel")


@operation()
def launch_a_draft(town: Town, api: httpx.Client) -> None:
    """What was written, or was launched and undone, goes out after all."""
    drafts = [run for run in town.runs.values() if run.status == Status.DRAFT]
    if drafts and len(town.launched()) < _MOST_RUNS:
        _launch(town, api, town.rng.choice(drafts))


@operation()
def write_a_draft(town: Town, api: httpx.Client) -> None:
    if len(town.runs) < 2 * _MOST_RUNS:
        write(town, api, town.rng.choice(sorted(DESIGNS)))


@operation()
def remove_a_draft(town: Town, api: httpx.Client) -> None:
    """A draft goes; what was launched stays."""
    runs = sorted(town.runs.values(), key=lambda run: run.name)
    run = town.rng.choice(runs)
    answer = town.ask(api, "DELETE", f"/experiments/{run.id}")
    if answer is None:  # it is there no more, or can be removed again
        answer = wait_until(lambda: town.ask(api, "DELETE", f"/experiments/{run.id}"))
    if answer.status_code in {httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND}:
        assert run.status == Status.DRAFT, run
        del town.runs[run.id]
        town.removed.add(f"/experiments/{run.id}")


@operation()
def poison(town: Town, _api: httpx.Client) -> None:
    """A launch that cannot start, for its audience is nowhere: it waits, and the others go on."""
    now, name = town.now, f"Poison {len(town.did)}"
    design = Draft.model_validate(_design(town, "Clicks", name, is_cooling=False))
    with town.database.write() as session:
        session.add(
            Experiment(
                name=name, design=design.model_dump(mode="json"), audience_id="nowhere",
                status=Status.SCHEDULED, created_at=now, updated_at=now, launched_at=now,
                scheduled_at=now,
            )
        )  # fmt: skip


@operation()
def try_what_was_put_off(town: Town, api: httpx.Client) -> None:
    """Now, or never."""
    waiting = town.every(api, "/put-off")
    if waiting:
        what = town.rng.choice(["retry", "retry", "cancel"])
        chosen = town.rng.choice(waiting)
        if what == "retry" or chosen["work"] == Work.START:
            town.ask(api, "POST", f"/put-off/{chosen['id']}/{what}")


@operation()
def approve_a_draft(town: Town, _api: httpx.Client) -> None:
    """Somebody else has seen it; or need not, and is told so."""
    drafts = [run for run in town.runs.values() if run.status == Status.DRAFT]
    if drafts:
        approve(town, town.rng.choice(drafts))


def approve(town: Town, run: Run) -> bool:
    """Whether a second person put their name beside it."""
    path = f"/experiments/{run.id}/approve"

    def asked() -> httpx.Response | None:
        page = town.ask(town.page, "GET", path)
        sent = {"csrf": csrf_of(page)} if page is not None and page.is_success else {}
        return town.ask(town.page, "POST", path, data=sent) if sent else page

    answer = wait_until(asked, what="an answer to an approval")
    assert answer.is_success or answer.status_code in {409, 422}, answer.text
    run.was_approved |= answer.is_success and answer.url.path == f"/experiments/{run.id}"
    return bool(answer.is_success)


@operation(weight=2)
def look_at_a_page(town: Town, _api: httpx.Client) -> None:
    """Whatever it shows at that moment, it is there."""
    mine = f"/experiments/{town.any_run().id}"
    pages = ["/", "/experiments", "/learnings", "/put-off", "/features/board", "/suppressions"]
    pages += [mine, f"{mine}/readout", f"{mine}/sends", f"/audiences/{town.audience}"]
    answer = town.ask(town.page, "GET", town.rng.choice(pages))
    assert answer is None or answer.is_success, answer.url


def launch(town: Town, api: httpx.Client, kind: str, *, is_cooling: bool = False) -> None:
    """Write an experiment and send it on its way."""
    _launch(town, api, write(town, api, kind, is_cooling=is_cooling))


def write(town: Town, api: httpx.Client, kind: str, *, is_cooling: bool = False) -> Run:
    """A draft, under a name of its own."""
    names = {run.name for run in town.runs.values()} | town.removed
    name = next(f"{kind} {n}" for n in count(len(town.did)) if f"{kind} {n}" not in names)
    sent = _design(town, kind, name, is_cooling=is_cooling)
    made_id = wait_until(partial(_written, town, api, sent), what="a draft")
    run = town.runs[made_id] = Run(made_id, name, is_cooling=is_cooling)
    return run


def _written(town: Town, api: httpx.Client, sent: dict[str, Any]) -> str | None:
    """Its id. Where the answer was lost, it may be there all the same."""
    answer = town.ask(api, "POST", "/experiments", json=sent)
    if answer is not None:
        assert answer.is_success, answer.text
        return str(answer.json()["id"])
    listed = town.every(api, "/experiments")
    return next((str(one["id"]) for one in listed if one["name"] == sent["name"]), None)


def give_up_what_cannot_start(town: Town, api: httpx.Client) -> None:
    """What was poisoned is cancelled, so that pages speak of the others alone.

    What has grown too far since its approval is approved again.
    """
    for run in town.launched():
        if town.look(api, run) == Status.SCHEDULED:
            approve(town, run)
    for one in town.every(api, "/put-off"):
        if one["work"] == Work.START and one["subject"] not in town.runs:
            town.ask(api, "POST", f"/put-off/{one['id']}/cancel")


def _design(town: Town, kind: str, name: str, *, is_cooling: bool) -> dict[str, Any]:
    chosen = DESIGNS[kind]
    keys = ("insight", "loss") if chosen["rule"].get("baseline") == "insight" else ("insight",)
    return (
        DESIGN
        | {"guardrails": []}
        | chosen
        | {
            "name": name,
            "audience_id": town.audience,
            "arms": [{"key": key, "subject": name, "body": _BODY} for key in keys],
            "metric": chosen["metric"] | {"window_hours": _HOURS},
            "exclude": {"cooling_off_days": 365 if is_cooling else 0},
            "key_results": [{"key_result_id": town.key_result, "mode": "evidence"}],
            "sample": town.rng.choice([None, town.people // 2]),
        }
    )


def _launch(town: Town, api: httpx.Client, run: Run, *, undo_seconds: int = 0) -> bool:
    """Whether it is on its way; its checklist may refuse it."""
    sent = {"undo_seconds": undo_seconds}
    path = f"/experiments/{run.id}/launch"
    answer = _until_answered(town, api, path, sent)
    status = town.look(api, run)
    if BY_ANOTHER in answer.text:
        assert status == Status.DRAFT, run
        if town.rng.random() < 0.8 and approve(town, run):
            answer = _until_answered(town, api, path, sent)
            status = town.look(api, run)
    if status == Status.DRAFT:
        print(f"{run.name} was not launched: {answer.text}")
    assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, answer.text
    run.was_launched = status != Status.DRAFT
    if run.was_launched:  # whoever was to get nothing of it before, gets it now
        town.silences = [one for one in town.silences if one.subject != run.name]
    return run.was_launched


def _until_answered(
    town: Town, api: httpx.Client, path: str, sent: dict[str, int]
) -> httpx.Response:
    """Where the first answer was lost it may yet be done: the second comes after it."""
    asked = partial(town.ask, api, "POST", path, json=sent)
    answer: httpx.Response = wait_until(asked, what=f"an answer of {path}")
    return answer


def _is_taken(answer: httpx.Response | None) -> bool:
    return answer is not None and answer.is_success


def _move(town: Town, api: httpx.Client, run: Run, what: str, **sent: Any) -> None:
    """Ask for it, and look where the experiment stands afterwards."""
    before = run.status
    answer = town.ask(api, "POST", f"/experiments/{run.id}/{what}", **sent)
    status = town.look(api, run)
    if _is_taken(answer):
        assert status in _AFTER[what] | ENDED, (what, run)
    if status == Status.DRAFT:
        run.was_launched = False
    neighbours.owe(town, run, news=status != before, paused=what == "pause" and _is_taken(answer))
    if status != before and status in {*ENDED, Status.DRAFT}:
        town.nobody_further(what, run=run)
