"""`thinslice demo` as somebody meets it who has five minutes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.platform import clock
from tests.ports import free_port
from tests.serve import Installation, wait_until

ROOT = Path(__file__).parent.parent.parent


class Demo:
    """The demo's process on a folder, what it printed, and a browser's session with it."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port, self.log = folder / "demo", free_port(), folder / "demo.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "demo"]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--data", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env=os.environ | {clock.SHIFT: str(clock.shift().total_seconds())},
                start_new_session=True,
            )
        wait_until(self.is_ready, seconds=180, what="the demo")

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/ready", timeout=15).status_code == 200
        except httpx.HTTPError:
            return False

    def interrupt(self) -> int:
        """Ctrl-C: a terminal interrupts everybody in front of it."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)

    def password(self) -> str:
        found = re.search(r"password +(\S+)", self.log.read_text())
        assert found, self.log.read_text()
        return found[1]

    @contextmanager
    def logged_in(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=30) as client:
            form = {"email": "ann@halvern.example", "password": self.password()}
            answer = client.post("/login", data=form | {"csrf": csrf_of(client.get("/login"))})
            assert answer.url.path == "/", answer.text
            yield client

    def api(self) -> httpx.Client:
        database = f"sqlite:///{self.data / 'thinslice.db'}"
        token = Installation(self.data, database, port=self.port).token("editor")
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    demo.start()
    yield demo
    if demo.process is not None and demo.process.poll() is None:
        demo.interrupt()


def test_the_result_turns_the_draft_is_answered_and_the_next_start_goes_on(demo: Demo):
    with demo.logged_in() as page, demo.api() as api:
        home = page.get("/").text
        running, draft = named(api, "Staffing hints by email"), named(api, "Price of a second shop")
        launch(page, draft)
        wait_until(lambda: arm_of(api, draft)["sent"], seconds=60, what="the first mail")
        wait_until(lambda: arm_of(api, draft)["human_clickers"], seconds=15, what="a click")
        turned = wait_until(
            lambda: state_of(api, running) == "validated", seconds=90, what="the result"
        )
        shown = page.get(f"/experiments/{running}/readout").text
    password, ended = demo.password(), demo.interrupt()
    demo.start()
    with demo.logged_in() as page, demo.api() as api:
        again = (state_of(api, running), arm_of(api, draft)["human_clickers"] > 0)

    assert "Closer on 3 of 4, no change we can tell on 1" in home
    assert turned
    assert "Validated" in shown
    assert ended == 0
    assert demo.password() == password
    assert again == ("validated", True)


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep me")
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--port", str(free_port()), "--data", tmp_path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )

    assert done.returncode != 0
    assert "not a demo's folder" in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def csrf_of(answer: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]*)"', answer.text)
    assert found, answer.text
    return found[1]


def launch(page: httpx.Client, experiment: str) -> None:
    """Press the one button of the launch page."""
    address = f"/experiments/{experiment}/launch"
    asked = page.get(address)
    assert "Send to 600 people" in asked.text
    answer = page.post(address, data={"csrf": csrf_of(asked)})
    assert (answer.status_code, answer.url.path) == (200, f"/experiments/{experiment}"), answer.text


def named(api: httpx.Client, name: str) -> str:
    listed = api.get("/experiments").json()["items"]
    return str(next(one["id"] for one in listed if one["name"] == name))


def readout_of(api: httpx.Client, experiment: str) -> dict[str, Any]:
    answer = api.get(f"/experiments/{experiment}/readout")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def state_of(api: httpx.Client, experiment: str) -> str:
    return str(readout_of(api, experiment)["call"]["state"])


def arm_of(api: httpx.Client, experiment: str) -> dict[str, Any]:
    arm: dict[str, Any] = readout_of(api, experiment)["arms"][0]
    return arm
