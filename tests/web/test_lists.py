"""Every page that lists something leads to all of it, however much there is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Session, SQLModel, select

from app.allocation.models import Invitation, Opening
from app.audience.models import Audience, Declined, Import, Membership, Person, Suppression
from app.delivery.models import MailImage, OutboxMail, Send, WrittenBack
from app.experiments.models import DraftVersion, Experiment, ExperimentTemplate, Feature, Slice
from app.identity.models import ApiToken, AuditRow, News, TeamInvitation, User
from app.okr.models import CheckIn, KeyResult
from app.outreach.models import Push
from app.platform.db import Database
from app.review.models import Comment, Decision
from app.tracking.models import Conversion, DataFolder, Hit
from tests.api.lists import PARENTS, filled
from tests.cast import DESIGN
from tests.web.conftest import NOW, Browser
from tests.web.test_access import routes

_KEY_RESULT = {"kind": "increase", "source": "manual", "target": 9.0}
MANY = 120  # more than fit on any page
_DESIGN = DESIGN | {"audience_id": "one"}
Fields = Callable[[int], dict[str, Any]]
Beside = Callable[[Session, int], None]


def mark(number: int) -> str:
    """A word that stands on a page once and nowhere by chance."""
    return f"row{number:04}row"


def _alone(_session: Session, _number: int) -> None:
    return


@dataclass(frozen=True)
class Listed:
    """What a page lists: how a row is made, with a mark that its reader sees."""

    model: type[SQLModel]
    fields: Fields
    beside: Beside = _alone
    look: Callable[[int], str] = mark
    many: int = MANY


def _experiment(session: Session, number: int) -> None:
    made = filled(Experiment, number, id=f"e{number}", name=mark(number), design=_DESIGN,
                  status="decided")  # fmt: skip
    session.add(made)
    session.flush()


def _person(session: Session, number: int) -> None:
    email = f"{mark(number)}@x.example"
    session.add(filled(Person, number, id=f"p{number}", email=email, email_key=email))
    session.flush()


def _asked(session: Session, number: int) -> None:
    session.add(filled(Invitation, number, week=_week(number), respondent_id="one"))
    session.flush()


def _sent(session: Session, number: int) -> None:
    session.add(filled(Send, number, id=number, experiment_id="one", person_id=f"p{number}"))
    session.flush()


def _told_ann(session: Session, number: int) -> None:
    """What somebody else was told stands beside it, and on no page of hers."""
    ann = session.exec(select(User).where(User.name == "Ann")).one()
    said = {"fact": mark(number), "sentence": mark(number), "href": "/", "kind": "verdict"}
    session.add(filled(News, MANY + number, user_id=ann.id, **said))
    session.flush()


def _week(number: int) -> str:
    year, week, _ = (NOW - timedelta(weeks=number)).isocalendar()
    return f"{year}-W{week:02}"


PAGES: dict[str, Listed] = {
    "/audit": Listed(AuditRow, lambda n: {"actor": mark(n), "at": NOW}),
    "/audiences": Listed(Audience, lambda n: {"name": mark(n), "columns": []}),
    "/audiences/one": Listed(Import, lambda n: {"audience_id": "one", "filename": mark(n)}),
    "/connections": Listed(Push, lambda n: {"state": "waiting", "event_id": f"v{n}",
                                            "kind": mark(n)}),
    "/conversions": Listed(Conversion, lambda n: {"event": mark(n)}),
    "/cycles/one": Listed(KeyResult, lambda n: {**_KEY_RESULT,
                                                "objective_id": "one", "title": mark(n)}),
    "/data-folders": Listed(DataFolder, lambda n: {"host": mark(n), "path": mark(n),
                                                   "registered_at": NOW, "seen_at": NOW}),
    "/audiences/one/people": Listed(
        Membership, lambda n: {"audience_id": "one", "person_id": f"p{n}", "data": {}},
        beside=_person),
    "/customers": Listed(
        Person, lambda n: {"id": f"p{n}", "email": f"{mark(n)}@x.example",
                           "email_key": f"{mark(n)}@x.example"}),
    "/experiments?show=All": Listed(
        Experiment, lambda n: {"design": _DESIGN | {"name": mark(n)}, "status": "draft",
                               "name": mark(n)}),
    "/experiments/new": Listed(ExperimentTemplate, lambda n: {"name": mark(n), "design": {}},
                               many=90),
    "/experiments/one/hits": Listed(
        Hit, lambda n: {"experiment_id": "one", "kind": "click", "segment_offset": n,
                        "reason": mark(n), "send_id": n}, beside=_sent),
    "/experiments/one/sends": Listed(
        Send, lambda n: {"experiment_id": "one", "person_id": f"p{n}", "state": "sent"},
        beside=_person),
    "/experiments/one/versions": Listed(
        DraftVersion, lambda n: {"experiment_id": "one", "number": n, "made": "written",
                                 "design": _DESIGN | {"name": mark(n)}, "unread": None}),
    "/experiments/one/replies": Listed(
        WrittenBack, lambda n: {"experiment_id": "one", "send_id": n, "words": mark(n)},
        beside=_sent),
    **{
        f"/{noun}/one/comments": Listed(Comment, lambda n: {"subject": "one", "text": mark(n)})
        for noun in ("experiments", "features", "key-results")
    },
    "/notices": Listed(News, lambda n: {"fact": mark(n)}, beside=_told_ann),
    "/features": Listed(Feature, lambda n: {"title": mark(n)}),
    "/features/board": Listed(Slice, lambda n: {"status": "idea", "title": mark(n)}),
    "/features/one": Listed(Slice, lambda n: {"status": "idea", "title": mark(n)}),
    "/slices/one": Listed(Experiment, lambda n: {"design": _DESIGN, "status": "draft",
                                                 "slice_id": "one", "name": mark(n)}),
    "/key-results/one": Listed(
        CheckIn, lambda n: {"key_result_id": "one", "value": n, "comment": mark(n),
                            "date": (NOW - timedelta(days=n)).date()}),
    "/key-results/one/pushes": Listed(
        Push, lambda n: {"state": "failed", "event_id": f"v{n}", "subject": "one",
                         "facts": {"value": mark(n)}}),
    "/learnings": Listed(
        Decision, lambda n: {"experiment_id": f"e{n}", "at": NOW, "decision": "stop",
                             "learning": mark(n)}, beside=_experiment),
    "/objectives": Listed(KeyResult, lambda n: {**_KEY_RESULT,
                                                "objective_id": "one", "title": mark(n)}),
    "/objectives/one": Listed(KeyResult, lambda n: {**_KEY_RESULT,
                                                    "objective_id": "one", "title": mark(n)}),
    "/outbox": Listed(OutboxMail, lambda n: {"id": f"{n:020}", "subject": mark(n), "raw": b""}),
    "/people": Listed(User, lambda n: {"email": f"{mark(n)}@x.example", "role": "viewer",
                                       "name": mark(n)}),
    "/images": Listed(MailImage, lambda n: {"name": mark(n), "kind": "png"}),
    "/people/invitations": Listed(
        TeamInvitation, lambda n: {"email": f"{mark(n)}@x.example", "role": "viewer",
                                   "hash": mark(n)}),
    "/suppressions": Listed(Suppression, lambda n: {"email_key": f"{mark(n)}@x.example",
                                                    "reason": "manual"}),
    "/suppressions/kinds": Listed(
        Declined, lambda n: {"email_key": f"{mark(n)}@x.example", "mail_kind": "offers"}),
    "/time": Listed(Opening, lambda n: {"week": _week(n), "name": "friday"}, beside=_asked,
                    look=_week),
    "/tokens": Listed(ApiToken, lambda n: {"name": mark(n), "role": "viewer"}),
}  # fmt: skip

# Pages that list nothing that grows, and why.
FIXED = {
    "/": "the key results and experiments of this week, all of them",
    "/weeks": "the same of one week",
    "/weeks/{week}": "the same of one week",
    "/w/{token}": "the same, read only",
    "/s/{token}": "one person's key results and buckets",
    "/cycles/{cycle_id}/template": "a file",
    "/r/{token}": "one readout",
    "/experiments/{experiment_id}/readout/file": "a file",
    "/weeks/{week}/file": "a file",
    "/i/{key}": "an image",
    "/d/{token}.png": "a chart",
    "/images/{image_id}": "one image",
    "/experiments/{experiment_id}/links": "the links of one experiment's mails",
    "/experiments/{experiment_id}/share": "links to one readout, fifty at most",
    "/imports/{import_id}": "some refused lines, and a file with all of them",
    "/imports/{import_id}/refused": "a file",
    "/imports/{import_id}/refused.csv": "a file",
    "/imports/{import_id}/notes": "a file",
    "/features/new": "a form",
    "/search": "ten of each kind, and the way to lists of all",
    "/address-ranges": "lists of networks, fifty at most",
    "/put-off": "what is put off, page by page: its rows are names of other things",
    "/experiments/{experiment_id}/cancel": "one button",
    "/audiences/{audience_id}/people/new": "a form",
    "/audiences/{audience_id}/people/{person_id}": "one person's columns",
    "/removals/{kind}/{thing_id}": "everything that uses one thing",
    "/customers/{person_id}": "how many rows of which kind",
    "/customers/{person_id}/export": "a file",
    "/customers/{person_id}/erase": "one button",
    "/people/{user_id}": "one person of ours, every session",
    "/experiments/{experiment_id}/readout": "a result, and every comment",
    "/experiments/{experiment_id}": "the parts of one experiment",
    "/time/settings": "buckets, ten at most",
    "/outbox/{mail_id}": "one mail",
    "/outbox/{mail_id}/customer/seen": "the newest requests of one mail, twenty at most",
    "/outbox/experiments/{experiment_id}": "leads to one mail",
    "/start/reading": "one sentence",
    "/suppressions/file": "a file",
    "/experiments/{experiment_id}/link": "key results of one experiment, twenty at most",
    "/account": "where one person is logged in",
    "/account/second-step": "a picture, and ten codes",
    "/account/notices": "a form",
    "/account/export": "a file",
    "/account/agents": "whom one person let in, 200 at most",
    "/oauth/authorize": "one question",
    "/join/{token}": "a form",
    "/audit/verified": "what is wrong with the audit, a hundred at most",
    "/experiments/{experiment_id}/approve": "one button",
    "/key-results/{key_result_id}/past": "a form",
    "/experiments/{experiment_id}/edit/{step}": "the fields of a step",
    "/outcomes/import": "a form, and the cycles that rows may go to",
}
ONE = re.compile(
    r"/(?:progress|live|mail|customer|edit|launch|decide|preview|checklist|template)$"
    r"|^/(?:a|k|p|u|help|login|setup|password|robots\.txt)(?:/|$)|^/time/respondents/|/charts/"
)


def test_every_page_is_walked_here_or_lists_nothing_that_grows(application: FastAPI):
    shown = {re.sub(r"\{[^}]*\}", "one", path) for method, path in routes(application)
             if method == "GET" and path not in FIXED and not ONE.search(path)}  # fmt: skip

    assert shown == {path.partition("?")[0] for path in PAGES}


MORE: dict[type[SQLModel], dict[str, Any]] = {
    Experiment: {
        "design": {"metric": {}, "rule": {}, "arms": [], "guardrails": [], "waves": []}
        | _DESIGN
        | {"key_results": [], "segments": []},
        "started_at": NOW,
        "plan": {},
        "status": "measuring",
        "enrolled": 600,
        "pass_count": 60,
    },
    KeyResult: {"target": 9.0},
}


@pytest.fixture
def parents(database: Database) -> None:
    with database.write() as session:
        for model, fields in PARENTS.items():
            more = MORE.get(model, {})
            session.add(filled(model, 0, id="one", **fields | more))
            session.flush()
        session.add(filled(Audience, 0, id="one", columns=[]))
        session.add(filled(Slice, 0, id="one", status="idea"))


def pages(browser: Browser, path: str) -> Iterator[str]:
    """The page, and whatever its links to itself lead to."""
    waiting, seen = [path], set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = browser.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        yield answer.text
        links = re.findall(r'href="([^"]+)"', answer.text)
        own = re.escape(path.partition("?")[0]) + r"\?.*(?:cursor|before)="
        waiting += [unescape(one) for one in links if re.match(own, unescape(one))]


@pytest.mark.usefixtures("parents")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", PAGES)
def test_links_lead_to_every_row_once(path: str, ann: Browser, database: Database):
    listed = PAGES[path]
    with database.write() as session:
        for number in range(1, listed.many + 1):
            listed.beside(session, number)
            session.add(filled(listed.model, number, **listed.fields(number)))
            session.flush()
    text = list(pages(ann, path))
    wanted = {listed.look(number) for number in range(1, listed.many + 1)}

    assert [one for one in sorted(wanted) if not any(one in page for page in text)] == []
