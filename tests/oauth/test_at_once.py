"""Many at the same moment, on each kind of database: what is good for once is good for once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

from sqlmodel import select

from app.identity import users
from app.identity.models import AgentGrant, AgentToken
from app.identity.oauth import issuing
from app.identity.oauth.issuing import Issued, Refusal
from app.platform import clock
from app.platform.db import Database
from tests.identity.scenes import hashed_password
from tests.oauth.program import Program
from tests.web.conftest import Browser

_MANY = 8


def test_an_answer_that_waits_for_a_new_password_lets_nobody_in(
    program: Program, eve: Browser, database: Database
):
    sent = program.question() | {"read": "yes", "answer": "allow"}
    eve.token()
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            user = users.named(session, "eve@halvern.example")
            users.change_password(session, user, hashed_password(), now=clock.now())
            answering = pool.submit(eve.post, "/oauth/authorize", **sent)
            wait([answering], timeout=1.5)  # let in by the session that ends here
            assert not answering.done()
        led = answering.result(30)

    assert led.status_code == 401  # the answer comes back, to be given again after a log-in
    assert "location" not in led.headers
    with database.read() as session:
        assert session.exec(select(AgentGrant)).all() == []


def _at_once(database: Database, program: Program, sent: dict[str, str]) -> Counter[str]:
    settings = program.application.state.settings

    def come(_number: int) -> Issued | Refusal:
        return issuing.answer(database, sent, settings, now=clock.now())

    with ThreadPoolExecutor(_MANY) as pool:
        return Counter(type(one).__name__ for one in pool.map(come, range(_MANY)))


def _opens_nothing(database: Database, *, issued: int) -> None:
    with database.read() as session:
        [grant] = session.exec(select(AgentGrant)).all()
        tokens = session.exec(select(AgentToken)).all()
    assert grant.ended_at is not None
    assert len(tokens) == 2 * issued


def test_of_many_that_come_with_one_code_one_gets_tokens_and_all_end(
    program: Program, eve: Browser, database: Database
):
    sent = {
        "grant_type": "authorization_code",
        "code": program.code(eve),
        "redirect_uri": program.redirect,
        "client_id": program.client_id,
        "code_verifier": program.verifier,
    }
    got = _at_once(database, program, sent)

    assert got == {"Issued": 1, "Refusal": _MANY - 1}
    _opens_nothing(database, issued=1)


def test_of_many_that_come_with_one_refresh_token_one_gets_tokens_and_all_end(
    program: Program, eve: Browser, database: Database
):
    sent = {
        "grant_type": "refresh_token",
        "refresh_token": program.let_in(eve)["refresh_token"],
        "client_id": program.client_id,
    }
    got = _at_once(database, program, sent)

    assert got == {"Issued": 1, "Refusal": _MANY - 1}
    _opens_nothing(database, issued=2)
