"""What an attacker sends, generated: none of it reaches a person, gets a token, or leads away."""

import base64
import hashlib
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import func, select

from app.identity import throttle
from app.identity.models import AgentGrant, AgentProgram, AgentToken
from app.identity.oauth import programs, redirects
from app.platform.db import Database
from tests.anew import forget_tries
from tests.oauth.program import OURS, REDIRECT, Program, fields_of
from tests.web.conftest import Browser

CALLBACK = "https://agent.example/back"
NOWHERE = {  # addresses to which nobody's answer is sent, whoever registers them
    "script": "javascript:alert(1)",
    "script in capitals": "JavaScript:alert(1)",
    "script as https": "javascript://agent.example/%0aalert(1)",
    "data": "data:text/html,x",
    "file": "file:///etc/passwd",
    "own scheme": "agent://back",
    "http elsewhere": "http://agent.example/back",
    "http by number": "http://2130706433/back",
    "http by octal": "http://0177.0.0.1/back",
    "http by a name that begins so": "http://localhost.evil.example/back",
    "http by an address that begins so": "http://127.0.0.1.evil.example/back",
    "http, short": "http://127.1/back",
    "http, all": "http://0.0.0.0/back",
    "http, mapped": "http://[::ffff:127.0.0.1]/back",
    "http, zone": "http://[::1%25lo]/back",
    "user": "https://agent.example@evil.example/back",
    "user and password": "https://a:b@agent.example/back",
    "user, here": "http://127.0.0.1:80@evil.example/back",
    "empty user": "https://@agent.example/back",
    "fragment": "https://agent.example/back#code",
    "empty fragment": "https://agent.example/back#",
    "capitals": "https://Agent.example/back",
    "scheme in capitals": "HTTPS://agent.example/back",
    "beyond ASCII": "https://аgent.example/back",
    "fullwidth": "https://agent．example/back",
    "backslash": "https://agent.example\\@evil.example/back",
    "backslashes": "https:\\\\agent.example/back",
    "one slash": "https:/agent.example/back",
    "no slash": "https:agent.example",
    "no scheme": "//agent.example/back",
    "path": "/back",
    "no host": "https:///back",
    "port alone": "https://:443/back",
    "port too high": "https://agent.example:65536/back",
    "port zero": "https://agent.example:0/back",
    "port of letters": "https://agent.example:x/back",
    "line": "https://agent.example/back\r\nSet-Cookie: a=b",
    "line, here": "http://127.0.0.1/back\r\nX: y",
    "NUL": "https://agent.example/\x00",
    "tab": "https://agent.example/\tback",
    "blank": "https://agent.example/ back",
    "blank before": " https://agent.example/back",
    "quote": "https://agent.example/'onload",
    "double quote": 'https://agent.example/"',
    "angle": "https://agent.example/<script>",
    "half an escape": "https://agent.example/%",
    "semicolon host": "https://agent.example;evil.example/back",
    "comma host": "https://agent.example,evil.example/back",
    "dot behind": "https://agent.example./back",
    "dots": "https://agent..example/back",
    "number for a host": "https://2130706433/back",
    "hexadecimal host": "https://0x7f000001/back",
    "short IPv4": "https://127.1/back",
    "our own words": "https://agent.example/back?code=mine",
    "our own state": "https://agent.example/back?a=b&state=mine",
    "our own issuer": "https://agent.example/back?iss=mine",
    "very long": f"https://agent.example/{'a' * 500}",
    "very long host": f"https://{'a' * 64}.example/back",
    "nothing": "",
}  # fmt: skip
# Addresses that look like the one that was registered.
ALIKE = {
    **NOWHERE,
    "longer": f"{CALLBACK}2",
    "below": f"{CALLBACK}/x",
    "above": f"{CALLBACK}/../x",
    "slash": f"{CALLBACK}/",
    "query": f"{CALLBACK}?x=1",
    "empty query": f"{CALLBACK}?",
    "other port": "https://agent.example:444/back",
    "same port, said": "https://agent.example:443/back",
    "host before": "https://evil.agent.example/back",
    "host behind": "https://agent.example.evil.example/back",
    "escaped": "https://agent.example/%62ack",
    "path in capitals": "https://agent.example/Back",
    "elsewhere": "https://evil.example/back",
    "this machine": REDIRECT,
}


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    forget_tries()
    yield
    forget_tries()


@pytest.fixture
def agent(application: FastAPI, people: None) -> Program:
    """One elsewhere, with an address of its own."""
    return Program(application, redirect=CALLBACK)


def _is_led_nowhere(browser: Browser, address: str) -> bool:
    """Said to the person, with no way on but to pages of ours."""
    page = browser.get(address)
    return (
        page.status_code in {400, 422}
        and not {"location", "refresh"} & set(page.headers)
        and "agent.example" not in page.text.replace("your answer", "")
        and 'action="/oauth/authorize"' not in page.text
    )


_TAMPERED: dict[str, dict[str, str | None]] = {
    **{f"redirect: {name}": {"redirect_uri": one} for name, one in ALIKE.items()},
    "redirect: missing": {"redirect_uri": None},
    "type: missing": {"response_type": None},
    "type: token": {"response_type": "token"},
    "type: both": {"response_type": "code token"},
    "client: missing": {"client_id": None},
    "client: unknown": {"client_id": "tsp_unknown"},
    "client: NUL": {"client_id": "tsp_\x01"},
    "client: very long": {"client_id": "t" * 5000},
    "state: missing": {"state": None},
    "state: empty": {"state": ""},
    "state: lines": {"state": "a\r\nSet-Cookie: x=y"},
    "state: beyond ASCII": {"state": "é"},
    "state: very long": {"state": "s" * 2001},
    "challenge: missing": {"code_challenge": None},
    "challenge: empty": {"code_challenge": ""},
    "challenge: short": {"code_challenge": "a" * 42},
    "challenge: long": {"code_challenge": "a" * 44},
    "challenge: signs": {"code_challenge": "+" * 43},
    "method: missing": {"code_challenge_method": None},
    "method: plain": {"code_challenge_method": "plain"},
    "method: small": {"code_challenge_method": "s256"},
    "resource: foreign": {"resource": "https://evil.example/mcp"},
    "resource: another part": {"resource": f"{OURS}/api"},
    "resource: longer": {"resource": f"{OURS}/mcp2"},
    "resource: query": {"resource": f"{OURS}/mcp?x"},
    "resource: other port": {"resource": "http://127.0.0.1:8001/mcp"},
    "resource: none": {"resource": "http://["},
    "resource: empty": {"resource": ""},
    "silently": {"prompt": "none"},
    "by fragment": {"response_mode": "fragment"},
    "by form": {"response_mode": "form_post"},
    "in an object": {"request": "eyJ"},
    "by reference": {"request_uri": "https://evil.example/x"},
}


def test_no_question_that_is_tampered_with_reaches_a_person(agent: Program, eve: Browser):
    assert eve.get(agent.address()).status_code == 200

    assert [
        name for name, other in _TAMPERED.items()
        if not _is_led_nowhere(eve, agent.address(**other))
    ] == []  # fmt: skip


def test_no_answer_that_is_tampered_with_is_written_down(
    agent: Program, eve: Browser, database: Database
):
    wrong = []
    for name, other in _TAMPERED.items():
        sent = agent.question(**other)
        page = eve.post("/oauth/authorize", **sent, read="yes", answer="allow")
        if page.status_code not in {400, 422} or {"location", "refresh"} & set(page.headers):
            wrong.append(name)

    assert wrong == []
    assert _count(database, AgentGrant) == 0


@pytest.mark.parametrize("field", sorted(Program.question(Program(None, client_id="x"))))  # type: ignore[arg-type]
def test_twice_the_same_is_refused(agent: Program, eve: Browser, field: str):
    twice = urlencode({field: agent.question()[field]})

    assert _is_led_nowhere(eve, f"{agent.address()}&{twice}")


@pytest.mark.parametrize(
    ("ours", "redirect"),
    [
        (OURS, f"{OURS}/help/mail"),
        ("https://ours.example", "https://ours.example/c/x"),
        ("https://ours.example", "https://ours.example:8443/x"),
    ],
    ids=["here", "host", "port"],
)
def test_no_answer_goes_to_an_address_of_ours(
    application: FastAPI, eve: Browser, people: None, ours: str, redirect: str
):
    """The page would name this service itself as whom somebody answers."""
    agent = Program(application, redirect=redirect)
    changed = {"public_url": ours, "allowed_hosts": ("127.0.0.1",)}
    application.state.settings = application.state.settings.model_copy(update=changed)
    eve.cookies = httpx.Cookies(_named_so(eve, ours))
    page = eve.get(agent.address(resource=f"{ours}/mcp"))

    assert page.status_code == 400
    assert "an address of this service itself" in page.text


def _named_so(browser: Browser, ours: str) -> dict[str, str]:
    """Over TLS the same cookie has another name."""
    secret = browser.cookies["thinslice"]
    return {"__Host-thinslice" if ours.startswith("https") else "thinslice": secret}


def test_nobody_is_led_away_before_they_pressed_a_button(agent: Program, eve: Browser):
    for other in ({}, {"scope": "everything"}, {"scope": ""}, {"prompt": "consent"}):
        page = eve.get(agent.address(**other))
        assert page.status_code == 200
        assert not {"location", "refresh"} & set(page.headers)
        assert CALLBACK not in page.text.replace(f'value="{CALLBACK}"', "")


def test_the_page_stands_in_no_frame_and_what_it_shows_runs_nothing(
    application: FastAPI, eve: Browser
):
    evil = Program(application, redirect=CALLBACK, name="<script>alert(1)</script>\n\u202eX")
    page = eve.get(evil.address())
    led = eve.post("/oauth/authorize", **fields_of(page.text), read="yes", answer="allow")

    for answer in (page, led):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text
    assert led.headers["referrer-policy"] == "no-referrer"


def test_no_other_page_answers_for_somebody(agent: Program, eve: Browser, database: Database):
    sent = agent.question() | {"read": "yes", "answer": "allow"}
    token = eve.token()
    forged = (
        eve.post("/oauth/authorize", csrf="", **sent),
        eve.post("/oauth/authorize", csrf="x" * 43, **sent),
        eve._ask(
            "POST", "/oauth/authorize", data=sent | {"csrf": token},
            headers={"Origin": "https://agent.example"},
        ),
        eve._ask(
            "POST", "/oauth/authorize", data=sent | {"csrf": token},
            headers={"Sec-Fetch-Site": "cross-site"},
        ),
    )  # fmt: skip

    assert [one.status_code for one in forged] == [403] * 4
    assert eve.get(f"/oauth/authorize?{urlencode(sent)}").headers.get("refresh") is None
    assert _count(database, AgentGrant) == 0


_REQUESTS: dict[str, tuple[dict[str, str | None], str]] = {
    "verifier missing": ({"code_verifier": None}, "invalid_request"),
    "verifier empty": ({"code_verifier": ""}, "invalid_request"),
    "verifier wrong": ({"code_verifier": "a" * 64}, "invalid_grant"),
    "verifier short": ({"code_verifier": "a" * 42}, "invalid_grant"),
    "verifier long": ({"code_verifier": "a" * 129}, "invalid_grant"),
    "verifier beyond ASCII": ({"code_verifier": "é" * 43}, "invalid_grant"),
    "client missing": ({"client_id": None}, "invalid_request"),
    "client unknown": ({"client_id": "tsp_x"}, "invalid_grant"),
    "redirect missing": ({"redirect_uri": None}, "invalid_request"),
    "redirect other": ({"redirect_uri": f"{CALLBACK}2"}, "invalid_grant"),
    "redirect in capitals": ({"redirect_uri": CALLBACK.upper()}, "invalid_grant"),
    "resource foreign": ({"resource": "https://evil.example/mcp"}, "invalid_target"),
    "code missing": ({"code": None}, "invalid_request"),
    "code wrong": ({"code": "tsk_x"}, "invalid_grant"),
    "code very long": ({"code": "t" * 50_000}, "invalid_grant"),
    "grant missing": ({"grant_type": None}, "unsupported_grant_type"),
    "grant other": ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    "grant password": ({"grant_type": "password"}, "unsupported_grant_type"),
    "code as refresh": ({"grant_type": "refresh_token"}, "invalid_request"),
}


def test_no_request_for_tokens_that_is_tampered_with_gets_any(
    agent: Program, eve: Browser, database: Database
):
    wrong = []
    for name, (other, error) in _REQUESTS.items():
        answer = agent.exchange(**{"code": agent.code(eve)} | other)  # type: ignore[arg-type]
        if (answer.status_code, answer.json().get("error")) != (400, error):
            wrong.append((name, answer.text))

    assert wrong == []
    assert _count(database, AgentToken) == 0


def test_the_challenge_itself_is_no_verifier(agent: Program, eve: Browser):
    answer = agent.exchange(agent.code(eve), code_verifier=agent.challenge)

    assert answer.json()["error"] == "invalid_grant"


def test_the_code_of_another_program_gets_nothing_and_ends(agent: Program, eve: Browser):
    evil = Program(agent.application, redirect=CALLBACK, name="Evil")
    code = agent.code(eve)
    stolen = evil.exchange(code, code_verifier=agent.verifier)

    assert stolen.json()["error"] == "invalid_grant"
    assert agent.exchange(code).json()["error"] == "invalid_grant"


def test_a_code_that_was_slipped_in_fits_no_other_verifier(agent: Program, eve: Browser, bo):
    """Mixed up (RFC 9700, 4.5): somebody's code in the session of somebody else."""
    other = Program(agent.application, redirect=CALLBACK, client_id=agent.client_id)

    assert other.exchange(agent.code(bo)).json()["error"] == "invalid_grant"


def test_the_refresh_token_of_another_program_gets_nothing(agent: Program, eve: Browser):
    tokens = agent.let_in(eve)
    evil = Program(agent.application, redirect=CALLBACK, name="Evil")

    assert evil.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert agent.mcp(tokens["access_token"]).status_code == 401


def test_a_program_that_renews_without_end_is_slowed_and_keeps_what_it_has(
    agent: Program, eve: Browser, database: Database
):
    tokens = agent.let_in(eve)
    for _ in range(30):
        tokens = agent.refresh(tokens["refresh_token"]).json()
    slowed = agent.refresh(tokens["refresh_token"])

    assert slowed.status_code == 429
    assert agent.mcp(tokens["access_token"]).status_code == 200
    assert _count(database, AgentToken) == 62


@pytest.mark.parametrize("kind", ["access_token", "code"])
def test_only_a_refresh_token_refreshes(agent: Program, eve: Browser, kind: str):
    code = agent.code(eve)
    tokens = agent.exchange(code).json() | {"code": code}

    assert agent.refresh(tokens[kind]).json()["error"] == "invalid_grant"


def test_forms_that_two_readers_take_differently_are_refused(agent: Program):
    for body in (
        b"grant_type=refresh_token&grant_type=authorization_code",
        b"code=&code=x",
        b"\xff\xfe",
        b"&".join(b"a%d=1" % n for n in range(60)),
    ):
        kind = "application/x-www-form-urlencoded"
        for path in ("/oauth/token", "/oauth/revoke"):
            answer = agent.ask("POST", path, content=body, headers={"Content-Type": kind})
            assert answer.json()["error"] == "invalid_request"
    assert agent.ask("POST", "/oauth/token", json={}).json()["error"] == "invalid_request"


@pytest.mark.parametrize("name", NOWHERE)
def test_no_address_is_registered_to_which_no_answer_goes(agent: Program, name: str):
    for addresses in ([NOWHERE[name]], [CALLBACK, NOWHERE[name]]):
        answer = agent.register(redirect_uris=addresses)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "said",
    [
        {}, {"redirect_uris": []}, {"redirect_uris": CALLBACK}, {"redirect_uris": [1]},
        {"redirect_uris": [None]}, {"redirect_uris": {"0": CALLBACK}},
        {"redirect_uris": [CALLBACK] * 11},
        {"redirect_uris": [CALLBACK], "grant_types": ["implicit"]},
        {"redirect_uris": [CALLBACK], "grant_types": 7},
        {"redirect_uris": [CALLBACK], "response_types": ["token"]},
        {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"},
    ],
    ids=str,
)  # fmt: skip
def test_what_registers_otherwise_than_it_must_is_refused(agent: Program, said: dict[str, object]):
    answer = agent.register(**said)

    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_redirect_uri", "invalid_client_metadata"}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 9000, b'"x"'])
def test_what_is_no_registration_is_refused(agent: Program, body: bytes):
    headers = {"Content-Type": "application/json"}

    assert agent.ask("POST", "/oauth/register", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_no_page_of_another_site_registers_by_a_form(agent: Program, kind: str):
    body = json.dumps({"redirect_uris": [CALLBACK]}).encode()
    answer = agent.ask("POST", "/oauth/register", content=body, headers={"Content-Type": kind})

    assert answer.json()["error_description"] == "Send application/json."


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("command line", "agent.example"), ("Thinslice", "agent.example"), ("", "agent.example"),
        (7, "agent.example"), ("  \n ", "agent.example"), ("a\x00\r\nb", "ab"),
        ("x" * 500, "x" * 80), ("\ud800X", "X"), ("\u200b\u2060\u00ad", "agent.example"),
        ("Thin\u200bslice", "agent.example"), ("a\u202eb\x1b[31m", "ab[31m"),
    ],
    ids=["ours", "us", "empty", "number", "blank", "lines", "long", "half", "unseen", "us, hidden",
         "turned"],
)  # fmt: skip
def test_no_program_calls_itself_what_it_likes(agent: Program, given: object, shown: str):
    answer = agent.register(redirect_uris=[CALLBACK], client_name=given)

    assert answer.json()["client_name"] == shown


def test_whoever_registers_without_end_is_slowed_and_shuts_nobody_out(
    agent: Program, eve: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
):
    statuses = [agent.register(redirect_uris=[CALLBACK]).status_code for _ in range(21)]
    monkeypatch.setattr(throttle, "check_registering", lambda **_named: None)
    monkeypatch.setattr(programs, "MOST_UNUSED", 30)
    used = Program(agent.application, redirect=CALLBACK, name="Used")
    used.let_in(eve)
    for _ in range(40):
        assert agent.register(redirect_uris=[CALLBACK]).status_code == 201
    newest = Program(agent.application, redirect=CALLBACK, name="Newest")

    assert statuses[-1] == 429
    assert _count(database, AgentProgram) == 31
    assert newest.let_in(eve)
    assert used.let_in(eve)


@pytest.mark.parametrize("port", ["", ":1", ":33418", ":65535"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_ones_own_machine_a_program_listens_at_any_port(
    application: FastAPI, eve: Browser, people: None, host: str, port: str
):
    program = Program(application, redirect=f"http://{host}/callback")
    program.redirect = f"http://{host}{port}/callback"

    assert program.let_in(eve)
    others = {"127.0.0.1", "localhost", "[::1]"} - {host}
    for other in (*(f"http://{one}/callback" for one in others), f"http://{host}{port}/other"):
        assert _is_led_nowhere(eve, program.address(redirect_uri=other))


def test_an_address_with_a_query_keeps_it(application: FastAPI, eve: Browser, people: None):
    program = Program(application, redirect=f"{CALLBACK}?tenant=7")
    page = eve.get(program.address())
    led = eve.post("/oauth/authorize", **fields_of(page.text), read="yes", answer="allow")
    address = led.headers["refresh"].removeprefix("0;url=")

    assert address.startswith(f"{CALLBACK}?tenant=7&code=tsk_")


def test_what_a_state_holds_stays_in_the_state(application: FastAPI, eve: Browser, people: None):
    program = Program(application, redirect=CALLBACK, state='x&code=evil;url=//e#"<')
    said = program.answered(eve)

    assert said["state"] == program.state
    assert said["code"].startswith("tsk_")


@pytest.mark.parametrize(
    "address", ["https://a.example", "https://[2001:db8::1]/x", "http://[::1]/"]
)
def test_whom_an_address_belongs_to_is_what_a_browser_reads(address: str):
    assert redirects.check(address) == address
    assert redirects.host_of(address) in address


def test_an_s256_challenge_is_what_rfc_7636_prints():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())

    assert digest == b"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="
    assert Program(None, client_id="x", verifier=verifier).challenge == digest.decode()[:-1]  # type: ignore[arg-type]


def _count(database: Database, kind: type[AgentGrant | AgentProgram | AgentToken]) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(kind)).one()
