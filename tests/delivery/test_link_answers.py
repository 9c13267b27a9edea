"""Links of a draft, asked on demand: guarded, plainly told, nobody’s values sent along."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.delivery import link_answers
from app.delivery.link_answers import Found, LinkAnswer
from app.experiments.design_schemas import Draft
from app.platform.errors import Unavailable
from tests.cast import DESIGN


class Host(BaseHTTPRequestHandler):
    """Some pages, one of which knows no HEAD, and what was asked of it."""

    asked: list[tuple[str, str]]

    def do_HEAD(self) -> None:
        self._answer(405 if self.path in {"/no-head", "/large"} else 0)

    def do_GET(self) -> None:
        self._answer(0)

    def _answer(self, status: int) -> None:
        self.asked.append((self.command, self.path))
        known = {"/gone": 410, "/closed": 403, "/broken": 500}
        onward = {"/moved": "/there", "/round": "/round", "/nowhere": "http://["}
        usual = 302 if self.path in onward else 200
        self.send_response(status or known.get(self.path, usual))
        if self.path in onward:
            self.send_header("location", onward[self.path])
        self.send_header("content-length", "9000000000" if self.path == "/large" else "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _unasked() -> None:
    Host.asked = []


def draft(*addresses: str, body: str = "") -> Draft:
    links = " ".join(f"[to {number}]({one})" for number, one in enumerate(addresses))
    return Draft.model_validate(
        DESIGN
        | {"audience_id": None, "arms": [{"key": "insight", "subject": "a", "body": body or links}]}
    )


def told(draft: Draft, host: str) -> list[LinkAnswer]:
    return link_answers.ask(draft, allowed_hosts=[host])


@pytest.mark.parametrize(
    ("path", "found", "says"),
    [
        ("/", Found.ANSWERS, "Answers (200)."),
        ("/no-head", Found.ANSWERS, "Answers (200)."),
        ("/moved", Found.ANSWERS, "It leads on to http://"),
        ("/gone", Found.BROKEN, "Not found (410)"),
        ("/closed", Found.CLOSED, "Closed to us (403)"),
        ("/broken", Found.BROKEN, "It answers with an error (500)"),
        ("/round", Found.BROKEN, "leads on more than 5 times"),
        ("/nowhere", Found.BROKEN, "leads on to what is no address: http://["),
        ("/large", Found.ANSWERS, "Answers (200)."),
    ],
)
def test_each_answer_is_told_plainly(host: str, path: str, found: Found, says: str):
    [one] = told(draft(f"http://{host}{path}"), host)

    assert (one.arm, one.label, one.address) == ("insight", "to 0", f"http://{host}{path}")
    assert one.found is found
    assert says in one.says


def test_an_address_that_leads_on_and_on_keeps_nobody_waiting(
    host: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(link_answers, "_LONGEST_SECONDS", 0.0)
    [one] = told(draft(f"http://{host}/round"), host)

    assert (one.found, len(Host.asked)) == (Found.BROKEN, 1)
    assert "It leads on and on" in one.says


def test_a_personal_link_is_not_followed_and_an_answer_page_is_ours(host: str):
    personal, ours = told(draft(f"http://{host}/for/{{{{name}}}}", "answer:"), host)

    assert (personal.found, ours.found) == (Found.NOT_ASKED, Found.ANSWERS)
    assert personal.address == f"http://{host}/for/{{{{name}}}}"  # as its author wrote it
    assert "nobody’s values are told" in personal.says
    assert "A page of ours" in ours.says
    assert Host.asked == []


def test_what_leads_inside_is_not_asked_and_one_address_is_asked_once(host: str):
    inside, twice, again = told(
        draft("http://127.0.0.1:1/", f"http://{host}/a", f"http://{host}/a"), host
    )

    assert inside.found is Found.NOT_ASKED
    assert "private network" in inside.says
    assert twice.found is again.found is Found.ANSWERS
    assert Host.asked == [("HEAD", "/a")]


def test_before_anybody_asks_nothing_is(host: str):
    found = link_answers.unasked(draft(f"http://{host}/"))

    assert [one.says for one in found] == ["Not asked yet."]
    assert Host.asked == []


def test_links_of_mjml_are_asked_too(host: str):
    mjml = (
        "<mjml><mj-body><mj-section><mj-column>"
        f'<mj-button href="http://{host}/gone">Go</mj-button>'
        "</mj-column></mj-section></mj-body></mjml>"
    )
    made = draft(body=mjml)
    made.arms[0].format = "mjml"  # type: ignore[assignment]  # as a form sends it
    [one] = told(made, host)

    assert (one.label, one.found) == ("Go", Found.BROKEN)


def test_a_third_look_at_once_is_told_to_wait(host: str):
    with link_answers._looks, link_answers._looks, pytest.raises(Unavailable, match="Others check"):
        told(draft(f"http://{host}/"), host)
