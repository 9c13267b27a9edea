"""Whatever somebody typed into a form of any page comes back, whatever the form is refused for."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlmodel import select

from app.experiments.models import Feature
from app.identity import sent_forms, store, unsent, users
from app.identity.access import Access, access_of
from app.outreach import connectors
from app.platform.db import Database
from app.platform.paths import TEMPLATES
from tests.identity.scenes import PASSWORD
from tests.routes import OF_SYSTEMS
from tests.settled import Settled
from tests.web.conftest import Browser
from tests.whole import FORM, Key, Said, Whole, whole

BOUNDARY = "multipart/form-data; boundary=x"
TEXT = 'Say “no” to <b>waste</b> & more\r\n\r\nsecond part; 12 % "of it" \U0001f9c1'
FIELDS = (
    ("csrf", "of-long-ago"), ("title", TEXT), ("arms", "one"), ("arms", "two"), ("empty", ""),
    ("password", "four late words here"),
)  # fmt: skip
KEPT = [one for one in FIELDS if one[0] not in {"csrf", "password"}]


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Whole, Settled]]:
    with whole(tmp_path_factory.mktemp("again")) as application:
        yield application, Settled(application)


def forms(application: Whole, settled: Settled) -> list[str]:
    """Where pages send forms to by somebody who is logged in."""
    found = []
    for method, route in application.routes():
        access = access_of(method, route.path)
        if method == "POST" and access and access.role and not route.path.startswith(OF_SYSTEMS):
            found.append(settled.filled(route.path))
    return found


def in_parts(fields: tuple[tuple[str, str], ...]) -> bytes:
    head = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    parts = [head.format(name, "", text) for name, text in fields]
    parts.append(head.format("file", '; filename="a.csv"', "email\nseen@b.example"))
    return ("".join(parts) + "--x--\r\n").encode()


BODIES = {FORM: urlencode(FIELDS).encode(), BOUNDARY: in_parts(FIELDS)}


def shown(page: str) -> tuple[str, list[tuple[str, str]]]:
    """Where the form of a page goes, and what it sends unseen."""
    form = re.search(r'<form class="panel form"[^>]*action="([^"]*)".*?</form>', page, re.DOTALL)
    assert form, page
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form[0])
    return html.unescape(form[1]), [(html.unescape(n), html.unescape(v)) for n, v in hidden]


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("why", ["nobody", "stale", "viewer"])
def test_every_form_that_the_door_refuses_comes_back_with_what_was_typed(
    all_of_it: tuple[Whole, Settled], kind: str, why: str
):
    application, settled = all_of_it
    pages, body = application.pages, BODIES[kind]
    key = {"nobody": Key(), "stale": pages["admin"], "viewer": pages["viewer"]}[why]
    headers = key.headers | {"x-csrf": key.csrf} if why == "viewer" else key.headers
    asked = [
        address for address in forms(application, settled)
        if why != "viewer" or access_of("POST", address) is not Access.VIEWER
    ]  # fmt: skip
    said = application.every(
        *(
            application.ask("POST", f"{one}?look=1&csrf=", Key(headers), body=body, kind=kind)
            for one in asked
        )
    )  # fmt: skip

    assert len(asked) > 60
    wrong = [
        f"{address}: {one.status} {why}"
        for address, one in zip(asked, said, strict=True)
        if not is_back(address, one, key.csrf if why != "nobody" else "", kind)
    ]
    assert wrong == []


def is_back(address: str, said: Said, token: str, kind: str) -> bool:
    action, fields = shown(said.text)
    sent_to = urlsplit(action)
    return (
        said.status == (401 if not token else 403)
        and sent_to.path == address
        and ("look", "1") in parse_qsl(sent_to.query)
        and [one for one in fields if one[0] != "csrf"] == KEPT
        and dict(fields)["csrf"] == token
        and "four late words" not in said.text
        and 'type="password"' in said.text
        and ('type="file"' in said.text) is (kind == BOUNDARY)
        and "seen@b.example" not in said.text
    )


@pytest.mark.parametrize("header", ["sec-fetch-site", "origin", "referer"])
def test_what_another_site_sent_is_never_shown(all_of_it: tuple[Whole, Settled], header: str):
    application, _ = all_of_it
    value = "cross-site" if header == "sec-fetch-site" else "https://evil.example/"
    for key in (Key(), application.pages["admin"]):
        headers = Key(key.headers | {header: value})
        (said,) = application.every(
            application.ask("POST", "/features", headers, body=BODIES[FORM], kind=FORM)
        )

        assert said.status in {303, 403}
        assert "waste" not in said.text


def test_a_button_leads_to_the_log_in_and_back_to_its_page(all_of_it: tuple[Whole, Settled]):
    application, _ = all_of_it
    ask = application.ask
    body = b"csrf=of-long-ago"
    from_us = Key({"referer": "http://127.0.0.1:8000/time?week=1"})
    from_them = Key({"referer": "https://evil.example//evil"})
    ours, theirs = application.every(
        ask("POST", "/time", from_us, body=body, kind=FORM),
        ask("POST", "/time", from_them, body=body, kind=FORM),
    )

    assert ours.headers["location"] == "/login?next=/time%3Fweek%3D1"
    assert theirs.headers["location"] == "/login?next=/"


def test_what_a_page_saves_by_itself_stays_in_the_page(all_of_it: tuple[Whole, Settled]):
    application, _ = all_of_it
    asked = application.ask(
        "POST", "/features", Key({"x-fragment": "1"}), body=BODIES[FORM], kind=FORM
    )
    (said,) = application.every(asked)

    assert said.status == 303


@pytest.mark.parametrize("length", [2_000_001, None])
def test_strangers_send_no_more_than_a_form(
    all_of_it: tuple[Whole, Settled], length: int | None, monkeypatch: pytest.MonkeyPatch
):
    application, settled = all_of_it
    if length is None:
        monkeypatch.setattr(unsent, "_AT_ONCE", 0)
    body = b"title=" + b"x" * ((length or 100) - 6)
    address = settled.filled("/experiments/{experiment_id}/step/mail") if length else "/features"
    (said,) = application.every(application.ask("POST", address, Key(), body=body, kind=FORM))

    assert (said.status, said.read) == (303, 0)


def test_every_field_of_a_secret_is_one_that_is_typed_anew():
    sources = [path.read_text() for path in TEMPLATES.rglob("*.html")]
    written = r'text\(form, "(\w+)"[^)]*type="password"|new_password\(form, "(\w+)"'
    named = {a or b for source in sources for a, b in re.findall(written, source)}
    needs = {
        need.name for one in connectors.KINDS.values() for need in one.needs if need.secret
    }  # fmt: skip

    assert {"password", "old", "new"} <= named
    assert named | needs <= unsent.SECRETS


def test_a_form_with_files_says_its_token_where_it_is_read_before_them():
    wrong = []
    for path in TEMPLATES.rglob("*.html"):
        for form in re.findall(r"<form[^>]*multipart.*?</form>", path.read_text(), re.DOTALL):
            addresses = re.findall(r'(?:form)?action="([^"]*)"', form)
            if any("csrf=" not in one for one in addresses) and "csrf(frame)" not in form:
                wrong.append(path.name)

    assert wrong == []


def test_what_was_typed_for_half_an_hour_outlives_the_session(
    eve: Browser, database: Database, said: Any
):
    opened = eve.token()
    with database.write() as session:
        store.end_sessions_of(session, users.named(session, "eve@halvern.example").id)
    title = 'Bakers “plan” & <bake> by "hand"'
    refused = eve.post("/features", csrf=opened, title=title)
    action, kept = shown(refused.text)
    eve.log_in("eve@halvern.example", PASSWORD)
    looked = eve._ask("POST", action, data=dict(kept))
    action, kept = shown(looked.text)
    made = eve._ask("POST", action, data=dict(kept))

    assert (refused.status_code, looked.status_code, made.status_code) == (401, 403, 303)
    assert "Log in, in a new tab" in refused.text
    assert "Send it now" in said(looked.text)
    with database.read() as session:
        (feature,) = session.exec(select(Feature)).all()
        assert feature.title == title


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--y\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nz\r\n--x--",
        b"\xff\x00",
    ],
)
@pytest.mark.parametrize(
    "kind", [FORM, BOUNDARY, "multipart/form-data", "multipart/form-data; boundary="]
)
def test_what_is_no_form_is_none(kind: str, body: bytes):
    assert sent_forms.read(kind, body).first("csrf") == ""
