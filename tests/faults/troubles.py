"""What happens to the service itself: processes die, clocks jump, everything is judged again."""

import os
import signal
from contextlib import suppress

import httpx

from tests.faults.happenings import trouble
from tests.faults.town import Town
from tests.serve import family_of


@trouble(weight=2)
def kill_one(town: Town, _api: httpx.Client) -> None:
    """`kill -9` of one process; the supervisor starts it again. Nobody waits for that."""
    assert town.service.process is not None
    with suppress(ProcessLookupError):
        _, *others = family_of(town.service.process.pid)
        _, one = town.rng.choice(others)
        os.kill(one, signal.SIGKILL)


@trouble()
def kill_all(town: Town, _api: httpx.Client) -> None:
    """`kill -9` of everything, at once."""
    town.service.kill()
    town.start()


@trouble(weight=2)
def jump(town: Town, _api: httpx.Client) -> None:
    """The clock goes some hours on, or one back."""
    hours = town.rng.choice([1, 3, 7, -1])
    town.set_back |= hours < 0
    town.restart(hours=hours)


@trouble()
def judge_again(town: Town, _api: httpx.Client) -> None:
    """By the rules of today, while it runs."""
    done = town.service.command("reclassify")
    assert done.returncode == 0, done.stderr
