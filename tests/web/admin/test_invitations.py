"""Several people are asked in by mail; each comes in once, by their own link."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.delivery import notices
from app.delivery.models import Notice, OutboxMail
from app.delivery.transports.outbox import Outbox
from app.identity.models import AuditRow, TeamInvitation, User
from app.identity.secrets import kept
from app.platform import clock
from app.platform.config import Settings
from app.platform.db import Database
from tests import moments
from tests.identity.scenes import PASSWORD
from tests.web.conftest import Browser

PAGE = "/people/invitations"


def links(database: Database) -> dict[str, str]:
    """The newest link that each was sent."""
    with database.read() as session:
        sent = session.exec(select(Notice).order_by(Notice.id)).all()
    found = {one.recipient: re.findall(r"/join/[\w-]+", one.text) for one in sent}
    return {email: links[0] for email, links in found.items() if links}


def rows(database: Database, kind: Any) -> list[Any]:
    with database.read() as session:
        return list(session.exec(select(kind)).all())


def test_each_address_is_told_what_became_of_it(ann: Browser, database: Database):
    typed = "Dee@B.example, fay@b.example;dee@b.example\neve@halvern.example nobody\n@ x@"

    told = ann.post(PAGE, emails=typed, role="viewer").text
    again = ann.post(PAGE, emails="fay@b.example", role="editor").text

    said = re.findall(
        r'row">([^<]+)</th><td data-label="What happened"><span><[^>]+>([^<]+)<', told
    )
    assert said == [
        ("dee@b.example", "Invited"),
        ("fay@b.example", "Invited"),
        ("eve@halvern.example", "Already here"),
        ("nobody", "No address"),
        ("@", "No address"),
        ("x@", "No address"),
    ]
    assert "Invited again" in again
    assert sorted(links(database)) == ["dee@b.example", "fay@b.example"]
    made = [row.details for row in rows(database, AuditRow) if row.action == "invitation made"]
    assert made == [{"role": "viewer"}, {"role": "viewer"}, {"role": "editor"}]


def test_whoever_accepts_chooses_name_and_password_and_is_in(
    ann: Browser, application: FastAPI, database: Database
):
    ann.post(PAGE, emails="Dee@b.example, dee@B.example dee@b.example", role="editor")
    link, dee = links(database)["dee@b.example"], Browser(application)
    shown = dee.get(link).text
    short = dee.post(link, csrf="", name="Dee", password="short")
    answer = dee.post(link, csrf="", name="Dee", password=PASSWORD)
    twice = Browser(application).post(link, csrf="", name="Dora", password=PASSWORD)

    assert "dee@b.example" in shown
    assert "an editor" in shown
    assert (short.status_code, answer.status_code, twice.status_code) == (422, 303, 409)
    assert "Dee" in short.text
    assert "New feature" in dee.get("/features").text
    assert Browser(application).log_in("dee@b.example").status_code == 303
    (noted,) = [row for row in rows(database, AuditRow) if row.action == "invitation accepted"]
    assert (noted.actor, noted.details) == ("Dee", {"method": "password", "role": "editor"})
    assert "Accepted" in ann.get(PAGE).text


def test_the_link_is_nowhere_in_the_database_but_in_its_mail(ann: Browser, database: Database):
    ann.post(PAGE, emails="dee@b.example", role="admin")

    (row,) = rows(database, TeamInvitation)
    assert row.hash not in links(database)["dee@b.example"]
    assert links(database)["dee@b.example"].removeprefix("/join/") not in str(row)


@pytest.mark.parametrize("end", ["revoke", "again", "late", "removed"])
def test_a_link_that_was_ended_opens_nothing(
    ann: Browser,
    application: FastAPI,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
):
    ann.post(PAGE, emails="dee@b.example", role="editor")
    link = links(database)["dee@b.example"]
    (row,) = rows(database, TeamInvitation)
    if end == "late":
        moments.state(monkeypatch, clock.now() + timedelta(days=7))
    elif end == "removed":
        ann.post("/people", name="Dee", email="dee@b.example", role="viewer", password=PASSWORD)
    else:
        ann.post(f"{PAGE}/{row.id}/{end}")
    dee = Browser(application)

    shown = dee.get(link)
    answer = dee.post(link, csrf="", name="Dee", password=PASSWORD)

    assert answer.status_code == 409
    assert "thinslice" not in dee.cookies
    assert shown.status_code == (200 if end == "removed" else 409)
    if end == "again":
        newer = links(database)["dee@b.example"]
        assert newer != link
        assert dee.post(newer, csrf="", name="Dee", password=PASSWORD).status_code == 303


@pytest.mark.parametrize("token", ["x", "inv_", "inv_" + "A" * 43, "%00", "é"])
def test_a_made_up_link_opens_nothing(stranger: Browser, token: str):
    assert stranger.get(f"/join/{token}").status_code in {404, 409, 422}


@pytest.mark.parametrize("emails", ["", " ,\n;", " ".join(f"p{n}@b.example" for n in range(101))])
def test_nobody_and_too_many_are_refused_and_nothing_is_lost(
    ann: Browser, database: Database, emails: str
):
    answer = ann.post(PAGE, emails=emails, role="editor")

    assert answer.status_code == 422
    assert emails.strip() in answer.text
    assert rows(database, TeamInvitation) == []


def test_only_admins_invite_and_take_back(
    eve: Browser, bo: Browser, ann: Browser, database: Database
):
    ann.post(PAGE, emails="dee@b.example", role="editor")
    (row,) = rows(database, TeamInvitation)
    for who in (eve, bo):
        assert who.get(PAGE).status_code == 403
        assert who.post(PAGE, emails="x@b.example", role="admin").status_code == 403
        assert who.post(f"{PAGE}/{row.id}/again").status_code == 403
        assert who.post(f"{PAGE}/{row.id}/revoke").status_code == 403
    assert len(rows(database, User)) == 3


def test_what_was_accepted_is_not_sent_again(
    ann: Browser, application: FastAPI, database: Database
):
    ann.post(PAGE, emails="dee@b.example", role="editor")
    Browser(application).post(
        links(database)["dee@b.example"], csrf="", name="Dee", password=PASSWORD
    )
    (row,) = rows(database, TeamInvitation)

    assert ann.post(f"{PAGE}/{row.id}/again").status_code == 409
    assert ann.post(f"{PAGE}/{row.id}/revoke").status_code == 409
    assert ann.post(f"{PAGE}/nothing/again").status_code == 404


def test_in_the_outbox_only_admins_see_the_link(
    ann: Browser, eve: Browser, database: Database, settings: Settings
):
    ann.post(PAGE, emails="dee@b.example", role="admin")
    link = links(database)["dee@b.example"]
    asyncio.run(notices.send_due(database, settings, Outbox(database), now=clock.now()))
    (mail,) = rows(database, OutboxMail)

    for part in ("", "/mail"):
        assert link in ann.get(f"/outbox/{mail.id}{part}").text
        assert link not in eve.get(f"/outbox/{mail.id}{part}").text
    assert links(database) == {}  # what left is not kept beside


@pytest.mark.parametrize("away", ["removed", "demoted"])
@pytest.mark.parametrize("by", ["page", "token"])
def test_nobody_comes_back_by_an_invitation_that_they_made_before(
    ann: Browser, application: FastAPI, database: Database, away: str, by: str
):
    """An admin who was sent away had asked a second address of theirs in, as an admin."""
    ann.post("/people", email="gil@b.example", name="Gil", role="admin", password=PASSWORD)
    gil = Browser(application)
    gil.log_in("gil@b.example", PASSWORD)
    (gil_id,) = [one.id for one in rows(database, User) if one.name == "Gil"]
    if by == "page":
        gil.post(PAGE, emails="gil.at.home@b.example", role="admin")
    else:
        with database.write() as session:
            session.add(
                TeamInvitation(
                    email="gil.at.home@b.example", role="admin", hash=kept("inv_x"),
                    created_at=clock.now(), created_by="Board", created_by_id=gil_id,
                    expires_at=clock.now() + timedelta(days=7),
                )
            )  # fmt: skip
    link = "/join/inv_x" if by == "token" else links(database)["gil.at.home@b.example"]
    assert Browser(application).get(link).status_code == 200
    if away == "removed":
        ann.post(f"/people/{gil_id}/remove")
    else:
        ann.post(f"/people/{gil_id}", role="editor")
    answer = Browser(application).post(link, csrf="", name="Gil", password=PASSWORD)

    assert answer.status_code == 409
    assert "gil.at.home@b.example" not in {one.email for one in rows(database, User)}
    details = [one.details for one in rows(database, AuditRow) if one.subject == gil_id]
    told = "none" if away == "removed" else "editor"
    assert {"who": "Gil", "role": f"admin → {told}"} in details
