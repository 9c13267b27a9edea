"""Anything in any order, with trouble: in the end every number follows from raw rows.

The mail server keeps a ledger of its own. The seed is printed, and a failure says it again with the
last operations: `--seed` lives the same town anew. `--full` lives one town after another, each
longer than beside every change, for an hour or so many `--minutes`.
"""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session

from app.tally.models import Outcome
from tests.conftest import KINDS
from tests.faults import (
    authors,
    keepers,
    neighbours,
    outcomes,
    owners,
    pages,
    people,
    readers,
    reckoning,
    troubles,
)
from tests.faults.happenings import OPERATIONS, TROUBLES, drawn, happen
from tests.faults.hooks import receiver
from tests.faults.town import APPROVE_ABOVE, Town
from tests.journeys.conftest import started
from tests.moments import state
from tests.serve import smtp_server, wait_until

_ENTERED = (
    authors,
    keepers,
    neighbours,
    owners,
    people,
    readers,
    troubles,
)  # importing them enters what they hold
_TURNING = Path(__file__).parent / "turning"  # segments of a second
_PEOPLE = 24
_STEPS = sum(one.weight for one in OPERATIONS)  # of a town: each operation happens in the short one
_FULL_STEPS = 160
_BETWEEN = 12  # operations between two troubles
_LAST = 25  # operations that a failure names


_USUAL = 132663


def seeds_of(config: pytest.Config) -> Iterator[int]:
    """One seed, or new ones one after another for as long as there are minutes.

    Without --full it is always the same one: a change is judged by the same town twice.
    """
    given = config.getoption("--seed")
    if given is None:
        given = secrets.randbelow(10**6) if config.getoption("--full") else _USUAL
    until = time.monotonic() + 60 * config.getoption("--minutes")
    for seed in count(given):
        yield seed
        if not config.getoption("--full") or time.monotonic() > until:
            return


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_every_number_follows_from_the_rows(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, full: bool
):
    request.param = kind
    for seed in seeds_of(request.config):
        print(f"--seed {seed}{' --full --minutes 0' if full else ''}")
        with _a_town(request, tmp_path / str(seed), seed) as town, _named(town, full=full):
            with town.service.api() as api:
                _live(town, api, steps=_FULL_STEPS if full else _STEPS)
                _come_to_rest(town, api)
                told = _reckon(town, api)
            _TROUBLE["judge_again"].happens(town, api)
            with town.service.api() as api:
                _reckon(town, api)
            town.service.stop()
            reckoning.nothing_is_found_of_who_left(town, told)
            assert town.gone, "nobody who left was looked for"
            assert town.owed or not full, "nobody was owed any news"  # a short one may end early
        done = f"{len(town.did)} operations, {len(town.mailbox.taken)} mails, {len(town.gone)} gone"
        heard = f"{len(town.back)} gone and back, {len(town.receiver.taken)} webhooks taken"
        print(f"{done}, {heard} of {len(town.owed)} owed, {len(town.slices)} slices")


_TROUBLE = {one.name: one for one in TROUBLES}


@contextmanager
def _a_town(request: pytest.FixtureRequest, folder: Path, seed: int) -> Iterator[Town]:
    folder.mkdir()
    folders = [str(_TURNING), str(Path(__file__).parents[2])]
    with (
        pytest.MonkeyPatch.context() as patch,
        smtp_server() as (mailbox, mail),
        receiver() as hooks,
    ):
        patch.setenv("PYTHONPATH", os.pathsep.join(folders))
        patch.setenv("THINSLICE_ALLOW_PRIVATE_SOURCES", "127.0.0.1")
        patch.setenv("THINSLICE_APPROVE_ABOVE", str(APPROVE_ABOVE))
        with (
            started(request, folder, mail=mail) as service,
            closing(Town(service, mailbox, seed, _PEOPLE, hooks)) as town,
        ):
            yield town


@contextmanager
def _named(town: Town, *, full: bool) -> Iterator[None]:
    """A failure says how to see it again, and what came before it."""
    try:
        yield
    except BaseException as error:
        size = " --full --minutes 0" if full else ""
        error.add_note(f"--seed {town.seed}{size}; the last of {len(town.did)} operations:")
        error.add_note(", ".join(town.did[-_LAST:]))
        raise


def _live(town: Town, api: httpx.Client, *, steps: int) -> None:
    town.begin(api)
    keepers.upload(town, api)
    keepers.all_imported(town)  # a launch waits for a file that is being read
    for kind in authors.FIRST:
        authors.launch(town, api, kind)
    assert town.launched(), "none of the first was launched: see above why"
    neighbours.add_the_webhook(town, api)
    wait_until(town.mailbox.mails, what="the first mail")
    operations = drawn(OPERATIONS, f"{town.seed} operations")
    trouble = drawn(TROUBLES, f"{town.seed} troubles")
    for step, one in enumerate(islice(operations, steps), 1):
        happen(town, api, one)
        if step % _BETWEEN == 0:
            happen(town, api, next(trouble))
    print(", ".join(town.did))
    assert {one.name for one in OPERATIONS} <= set(town.did)


def _come_to_rest(town: Town, api: httpx.Client) -> None:
    """From now on every mail is taken, nobody is put off, and windows close."""
    town.mailbox.rule = lambda _address, _envelope: None
    wait_until(town.service.is_ready, what="a service that is back")
    authors.give_up_what_cannot_start(town, api)
    neighbours.listen(town, api)
    town.restart(hours=30)
    wait_until(lambda: _is_sent(town, api), what="the end of sending")
    town.restart(hours=8)
    keepers.all_imported(town)
    wait_until(lambda: _is_final(town, api), what="final results")
    wait_until(lambda: neighbours.is_told(town), what="webhooks")


def _is_sent(town: Town, api: httpx.Client) -> bool:
    """Nothing is left to send, and what was answered has been read."""
    told = [town.read(api, f"/experiments/{run.id}/progress") for run in town.launched()]
    for run, progress in zip(town.launched(), told, strict=True):
        if progress["status"] == "paused":
            town.ask(api, "POST", f"/experiments/{run.id}/resume")
    with town.database.read() as session:
        clicks = reckoning.rows_of(session, town).clicks()
    return clicks >= town.answered.total() and all(
        one["status"] in {"measuring", "cancelled", "decided"}
        and one["queued"] == one["sending"] == 0
        for one in told
    )


def _is_final(town: Town, api: httpx.Client) -> bool:
    """Whoever released anybody has its last result, and erasures have ended."""
    with town.database.read() as session:
        released = {one.experiment_id for one in reckoning.rows_of(session, town).all(Outcome)}
    final = [
        town.read(api, f"/experiments/{one}/readout")["call"]["final"] for one in sorted(released)
    ]
    return all(final) and not keepers.is_erasing(town)


def _reckon(town: Town, api: httpx.Client) -> str:
    """Everything that is said, compared with the rows; and what was said."""
    with town.database.read() as session:
        rows = reckoning.rows_of(session, town)
        reckoning.kept_counts_agree(rows)
        reckoning.mails_agree(rows, town)
        reckoning.nobody_got_more(town)
        reckoning.nobody_was_mailed_while_cooling_off(rows, town)
        reckoning.lives_agree(api, town)
        reckoning.progress_agrees(rows, api, town)
        reckoning.clicks_agree(rows, town)
        reckoning.conversions_agree(rows, api, town)
        reckoning.cells_agree(rows, town)
        reckoning.answers_agree(rows, town)
        reckoning.approvals_agree(rows, town)
        readers.links_agree(town)
        reckoning.who_left_changed_no_number(rows, town)
        reckoning.whoever_refused_left_nothing_since(rows, town)
        reckoning.exports_agree(rows, api, town)
        outcomes.values_agree(api, town)
        neighbours.all_agree(town, api)
    with pytest.MonkeyPatch.context() as patch, Session(town.database.engine) as session:
        now = town.now
        state(patch, now)  # as far from the database's clock as its processes are
        reckoning.readouts_follow(session, api, town, now)
    return _pages_agree(town, api)


def _pages_agree(town: Town, api: httpx.Client) -> str:
    told = {}
    for run in town.runs.values():
        parts = ("readout", "progress")
        told[run.id] = [town.read(api, f"/experiments/{run.id}/{part}") for part in parts]
    for run in town.launched():
        readout, progress = told[run.id]
        pages.readout_agrees(town.page, run, readout)
        pages.overview_agrees(town.page, run, readout, progress)
        pages.rows_agree(town.page, api, town, run)
    pages.lists_agree(town.page, town, told)
    outcomes.key_result_agrees(town.page, town, told)
    outcomes.weeks_agree(town.page, api, town)
    return json.dumps(told)
