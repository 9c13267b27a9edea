"""Who is sent away while their request is on its way changes nothing with it."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlmodel import Session

from app.identity import sessions, store, tokens, users
from app.identity.passwords import Hashed
from app.platform import clock
from app.platform.errors import Invalid
from tests.identity.scenes import NOW, PASSWORD, given_user, hashed_password
from tests.settled import Settled
from tests.whole import FORM, Key, Said, Whole, of_json, person, system, whole

Away = Callable[[Session, str], None]
Request = tuple[str, str, bytes, str]

FILE = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\nemail\nlate@b.example\n\r\n--x--\r\n"
)
_numbers = count()


def _revoked(session: Session, name: str) -> None:
    tokens.revoke(session, tokens.named(session, name).id, now=clock.now())


def _removed(session: Session, name: str) -> None:
    users.remove(session, users.named(session, f"{name}@halvern.example"), now=clock.now())


def _logged_out(session: Session, name: str) -> None:
    store.end_sessions_of(session, users.named(session, f"{name}@halvern.example").id)


def _demoted(session: Session, name: str) -> None:
    user = users.named(session, f"{name}@halvern.example")
    users.change_role(session, user, "viewer", now=clock.now())


def _new_password(session: Session, name: str) -> None:
    user = users.named(session, f"{name}@halvern.example")
    users.change_password(session, user, hashed_password(), now=clock.now())


AWAY: tuple[Away, ...] = (_removed, _logged_out, _demoted, _new_password)


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Whole, Settled]]:
    with whole(tmp_path_factory.mktemp("away")) as application:
        yield application, Settled(application)


def _sent(application: Whole, asked: Request, away: Away) -> Said:
    """Half of it, then whoever sends it is sent away, then the rest."""
    method, address, body, kind = asked
    name = f"somebody{next(_numbers)}"
    is_api = address.startswith("/api/")
    key: Key = (system if is_api else person)(application.house, "admin", name)

    def meanwhile() -> None:
        with application.house.database.write() as session:
            away(session, name)

    told = Key(key.headers | ({"x-csrf": key.csrf} if key.csrf else {}))
    half = max(1, len(body) // 2)
    (said,) = application.every(
        application.ask(
            method, address, told, body=body, kind=kind, chunk=half, meanwhile=meanwhile
        )
    )
    return said


def _of_api(settled: Settled) -> Iterator[Request]:
    for (method, path), body in settled.bodies.items():
        yield method, f"/api/v1{path}", of_json(body), "application/json"
    people = f"/api/v1/audiences/{settled.ids['audience_id']}/imports"
    yield "POST", people, b"email\nlate@b.example\n", "text/csv"


def _of_pages(settled: Settled) -> Iterator[Request]:
    ids = settled.ids
    forms: dict[str, dict[str, Any]] = {
        "/features": {"title": "Late"},
        "/audiences": {"name": "Late"},
        "/teams": {"name": "Late"},
        "/people": {"email": "l@b.example", "role": "admin", "password": "four late words here"},
        "/tokens": {"name": "Late", "role": "admin"},
        "/password": {"old": PASSWORD, "new": "four late words here"},
        f"/removals/feature/{ids['feature_id']}": {"sure": "yes"},
    }
    for path, fields in forms.items():
        yield "POST", path, urlencode(fields).encode(), FORM
    people = f"/audiences/{ids['audience_id']}/imports"
    yield "POST", people, FILE, "multipart/form-data; boundary=x"


def test_a_token_that_is_revoked_in_the_middle_changes_nothing(all_of_it: tuple[Whole, Settled]):
    application, settled = all_of_it

    said = {asked[:2]: _sent(application, asked, _revoked).status for asked in _of_api(settled)}

    assert len(said) > 10
    assert not {asked: status for asked, status in said.items() if status not in {401, 422}}
    assert list(said.values()).count(401) > len(said) // 2


@pytest.mark.parametrize("away", AWAY)
def test_somebody_who_is_sent_away_in_the_middle_changes_nothing(
    all_of_it: tuple[Whole, Settled], away: Away
):
    application, settled = all_of_it

    said = {
        asked[1]: _sent(application, asked, away)
        for asked in _of_pages(settled)
        if away is not _demoted or asked[1] != "/password"  # anybody's own
    }

    assert not {
        path: (one.status, one.headers.get("location"))
        for path, one in said.items()
        if one.status not in {401, 403, 404, 422}
        and "/login" not in one.headers.get("location", "")
    }


def test_a_log_in_whose_password_was_changed_meanwhile_begins_nothing(session: Session):
    ann = given_user(session)
    session.flush()
    checked = sessions.owner_of(session, email=ann.email, password=PASSWORD)
    session.expunge(checked)
    password = Hashed("another hash")
    users.change_password(session, users.named(session, ann.email), password, now=NOW)
    session.flush()

    with pytest.raises(Invalid):
        sessions.confirmed(session, checked)


def test_a_log_in_of_somebody_who_was_removed_meanwhile_begins_nothing(session: Session):
    given_user(session, "Bo", "admin")
    ann = given_user(session)
    session.flush()
    checked = sessions.owner_of(session, email=ann.email, password=PASSWORD)
    session.expunge(checked)
    users.remove(session, users.named(session, ann.email), now=NOW)
    session.flush()

    with pytest.raises(Invalid):
        sessions.confirmed(session, checked)
