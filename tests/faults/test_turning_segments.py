"""Up for days: the sender's journal turns under batches that are under way, and nobody gets two."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope

from tests.cast import DESIGN, made
from tests.journeys.conftest import started
from tests.journeys.test_by_api import finished, given_an_audience
from tests.serve import Installation, Mailbox, wait_until

_PEOPLE = 100
_TURNING = Path(__file__).parent / "turning"
_RELAY_SECONDS = 0.15  # a mail: a batch of fifty is under way for some seconds, over several turns


@pytest.fixture
def turning(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox_and_setting: tuple[Mailbox, str]
) -> Iterator[Installation]:
    """Starts its processes with segments of a second."""
    folders = [str(_TURNING), str(Path(__file__).parents[2])]
    path = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        with started(request, tmp_path, mail=mailbox_and_setting[1]) as installation:
            yield installation


@pytest.mark.parametrize("turning", ["sqlite", "postgresql"], indirect=True)
def test_segments_turn_under_a_slow_send_and_nobody_gets_two(
    turning: Installation, mailbox: Mailbox
):
    mailbox.rule = slowly
    seen: set[str] = set()

    def has_finished() -> dict[str, int] | None:
        seen.update(path.name for path in (turning.data / "sends").glob("*.journal"))
        return finished(api, experiment)

    with turning.api("editor") as api:
        audience = given_an_audience(api, people=_PEOPLE)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        api.post(f"/experiments/{experiment}/launch", json={})
        progress = wait_until(has_finished, seconds=200, what="the sending")
    print(f"F18b: {len(seen)} segments under {_PEOPLE} mails, {progress['sent']} sent")

    assert len(seen) > 5
    assert len(list((turning.data / "sends").glob("*.journal"))) <= 2
    assert (progress["sent"], progress["uncertain"]) == (_PEOPLE, 0)
    assert mailbox.mailed_twice() == []
    assert len(mailbox.mails()) == _PEOPLE


def slowly(_address: str, _envelope: Envelope) -> None:
    time.sleep(_RELAY_SECONDS)
