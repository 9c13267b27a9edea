"""What goes on in a town beside experiments: invitations, slices on the board, webhooks."""

from functools import partial
from typing import Any

import httpx

from app.experiments.models import Status
from tests.faults.happenings import operation
from tests.faults.pages import page_seen
from tests.faults.town import GUEST, Run, Town
from tests.serve import wait_until

_BY_STATUS = {Status.DECIDED: "decision.made", Status.CANCELLED: "experiment.cancelled"}
_PAUSED, _FINAL = "experiment.paused", "readout.final"
_TOLD = [*_BY_STATUS.values(), _PAUSED, _FINAL]
_INVITED = ["invited", "invited again"]


@operation()
def invite(town: Town, api: httpx.Client) -> None:
    """Somebody new, or somebody who was invited before; and what is no address beside them."""
    address = f"{GUEST}{town.rng.randrange(6)}@halvern.example"
    role = town.rng.choice(["viewer", "editor"])
    sent = {"emails": [address, "no address"], "role": role}
    answer = _answered(town, api, "POST", "/invitations", json=sent)
    invited, wrong = answer.json()["items"]
    assert (invited["what"] in _INVITED, wrong["what"]) == (True, "no address"), answer.text
    town.invited[address] = role


@operation()
def take_an_invitation_back(town: Town, api: httpx.Client) -> None:
    listed = town.every(api, "/invitations")
    if listed:
        chosen = town.rng.choice(listed)
        _answered(town, api, "DELETE", f"/invitations/{chosen['id']}")
        town.invited.pop(chosen["email"])


@operation(weight=2)
def write_a_slice(town: Town, api: httpx.Client) -> None:
    """At the end of the one feature that there is."""
    title = f"Slice {len(town.did)}"
    wait_until(partial(_is_written, town, api, title), what="a slice")
    town.slices.append(title)


@operation()
def remove_a_slice(town: Town, api: httpx.Client) -> None:
    listed = {one["title"]: one["id"] for one in town.every(api, "/slices")}
    if town.slices and town.rng.random() < 0.6:
        title = town.rng.choice(town.slices)
        _answered(town, api, "DELETE", f"/slices/{listed[title]}")
        town.slices.remove(title)


@operation(weight=2)
def change_the_webhook(town: Town, api: httpx.Client) -> None:
    """Added where there is none; else told nothing further, told again, or removed."""
    listed = town.every(api, "/webhooks")
    if not listed:
        add_the_webhook(town, api)
        return
    what = town.rng.choice(["disable", "enable", "enable", "remove"])
    path = f"/webhooks/{listed[0]['id']}"
    if what != "enable":
        town.owed.clear()  # what was on its way may have come, or stops
    if what == "remove":
        _answered(town, api, "DELETE", path)
    else:
        _answered(town, api, "POST", f"{path}/{what}")
    town.hook = {"disable": "disabled", "enable": "enabled", "remove": ""}[what]


def add_the_webhook(town: Town, api: httpx.Client) -> None:
    """Where the answer is lost, it may be there or not."""
    sent = {"name": "Warehouse", "url": town.receiver.url, "events": _TOLD}
    town.ask(api, "POST", "/webhooks", json=sent)
    town.hook = "enabled" if town.every(api, "/webhooks") else ""


def owe(town: Town, run: Run, *, news: bool, paused: bool) -> None:
    """What whoever listens is to be told of an experiment that stands elsewhere now."""
    if town.hook != "enabled":
        return
    if paused:
        town.owed.add((_PAUSED, run.id))
    if news and run.status in _BY_STATUS:
        town.owed.add((_BY_STATUS[Status(run.status)], run.id))


def listen(town: Town, api: httpx.Client) -> None:
    """From now on somebody listens, and is to be told of each result that is not final yet."""
    while town.hook != "enabled":
        listed = town.every(api, "/webhooks")
        if listed:
            _answered(town, api, "POST", f"/webhooks/{listed[0]['id']}/enable")
            town.hook = "enabled"
        else:
            add_the_webhook(town, api)
    for run in town.launched():
        readout = town.read(api, f"/experiments/{run.id}/readout")
        if not readout["call"]["final"] and any(arm["released"] for arm in readout["arms"]):
            town.owed.add((_FINAL, run.id))


def all_agree(town: Town, api: httpx.Client) -> None:
    """What the model holds, the API lists, pages show, and a receiver was told."""
    invited = {one["email"]: one["role"] for one in town.every(api, "/invitations")}
    slices = [one["title"] for one in town.read(api, f"/features/{town.feature}")["slices"]]
    hooks = [
        "disabled" if one["disabled_at"] else "enabled" for one in town.every(api, "/webhooks")
    ]
    board = page_seen(town.page, "/features/board").words
    told = town.receiver.told()

    assert invited == town.invited
    assert slices == town.slices
    assert hooks == [town.hook] * bool(town.hook)
    assert [title for title in town.slices if title not in board] == []
    assert town.owed <= set(told)
    for status, kind in _BY_STATUS.items():
        so = sorted(run.id for run in town.runs.values() if run.status == status)
        of_it = [subject for one, subject in told if one == kind and subject in town.runs]
        assert sorted(of_it) == [one for one in so if one in of_it], kind  # each once
    assert {kind for kind, _ in told} <= set(_TOLD)
    assert town.receiver.unlike == []


def is_told(town: Town) -> bool:
    """Whether whatever a webhook was owed has arrived."""
    return town.owed <= set(town.receiver.told())


def _is_written(town: Town, api: httpx.Client, title: str) -> bool:
    """Whether it is there; where an answer was lost, it may be."""
    if title in {one["title"] for one in town.every(api, "/slices")}:
        return True
    town.ask(api, "POST", "/slices", json={"feature_id": town.feature, "title": title})
    return False


def _answered(town: Town, api: httpx.Client, method: str, path: str, **sent: Any) -> httpx.Response:
    """Until there is an answer; where the first one was lost, it may be so already."""
    answer: httpx.Response = wait_until(
        partial(town.ask, api, method, path, **sent), what=f"an answer of {path}"
    )
    gone = method == "DELETE" and answer.status_code == httpx.codes.NOT_FOUND
    assert answer.is_success or gone, (path, answer.text)
    return answer
