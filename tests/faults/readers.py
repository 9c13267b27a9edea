"""What those do in a town who read a readout by a link that somebody shared, until it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import httpx

from tests.faults.happenings import operation
from tests.faults.town import Town
from tests.serve import wait_until

_NO_STRANGER_GUESSES = "aB3" * 14
_UNSURE = timedelta(minutes=2)  # around the end of a link: the clocks of two processes


@dataclass
class Shared:
    """A link that somebody made."""

    url: str
    run: str
    ends: datetime
    is_ended: bool = False


@operation(weight=2)
def share_a_readout(town: Town, api: httpx.Client) -> None:
    """For a day or a month; of what has sent nothing yet there is none."""
    run = town.any_run()
    sent = {"days": town.rng.choice([1, 30])}
    path = f"/experiments/{run.id}/share-links"
    answer = town.ask(api, "POST", path, json=sent)
    if answer is None:
        return  # if there is one, nobody has it
    assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, answer.text
    if answer.is_success:
        made = answer.json()
        town.shared[made["id"]] = Shared(
            made["url"], run.id, datetime.fromisoformat(made["expires_at"])
        )


@operation(weight=2)
def read_what_was_shared(town: Town, _api: httpx.Client) -> None:
    """Whoever has the link reads it; whoever guesses reads nothing."""
    if town.shared:
        _read(town, town.rng.choice(list(town.shared.values())))
    guessed = f"{town.service.url}/r/{_NO_STRANGER_GUESSES}"
    answer = _opened(town, guessed)
    assert answer.status_code == httpx.codes.NOT_FOUND


@operation()
def end_a_link(town: Town, api: httpx.Client) -> None:
    """It opens nothing from then on, however often it is ended."""
    if not town.shared:
        return
    key = town.rng.choice(list(town.shared))
    shared = town.shared[key]
    path = f"/experiments/{shared.run}/share-links/{key}"
    answer = wait_until(partial(town.ask, api, "DELETE", path), what="the end of a link")
    assert answer.status_code in {httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND}, answer.text
    shared.is_ended = True


def links_agree(town: Town) -> None:
    """Each opens what it was made for, or nothing."""
    for shared in town.shared.values():
        _read(town, shared)


def _read(town: Town, shared: Shared) -> None:
    if abs(shared.ends - town.now) < _UNSURE:
        return
    answer = _opened(town, shared.url)
    is_open = not shared.is_ended and town.now < shared.ends
    wanted = httpx.codes.OK if is_open else httpx.codes.NOT_FOUND
    assert answer.status_code == wanted, (shared, town.now, answer.text[:500])
    name = town.runs[shared.run].name
    assert (name in answer.text) is is_open
    assert answer.headers["cache-control"] == "no-store"


def _opened(town: Town, url: str) -> httpx.Response:
    with httpx.Client(timeout=30) as stranger:  # no session
        answer: httpx.Response = wait_until(
            partial(town.ask, stranger, "GET", url), what="an answer to a stranger"
        )
    return answer
