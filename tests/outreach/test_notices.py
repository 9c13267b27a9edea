"""Every kind of notice: to whom it goes, which way, with which words, and that it goes once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app.analysis import verdicts
from app.analysis.models import ToldVerdict
from app.audience.models import Audience, Import
from app.delivery.models import Notice
from app.experiments.models import Experiment
from app.identity import audit, news, users, watching
from app.identity.callers import Principal
from app.identity.models import News, User
from app.identity.roles import Role
from app.outreach import fanout, notifying, stuck
from app.outreach.models import Connector, Push
from app.outreach.notice_kinds import KINDS, Name
from app.platform import events, put_off
from app.platform.db import Database
from app.platform.put_off import Work
from app.review import comments
from app.review.schemas import CommentDraft
from tests.analysis.scenes import CLOSED, HOUR, TUESDAY, click, given_experiment, mail
from tests.duties import run
from tests.identity.scenes import given_user
from tests.outreach.conftest import LETTERS, NOW, VAULT

ROLES = ("viewer", "editor", "admin")
CUSTOMER = "elin@bakery.example"


@dataclass(frozen=True)
class Team:
    """One of each role, one who left, and one whom nothing concerns."""

    experiment_id: str
    ids: dict[str, str]  # by role, and `gone`


def given_team(session: Session) -> Team:
    experiment = given_experiment(session)
    people = {role: given_user(session, role.title(), role) for role in ROLES}
    people["gone"] = given_user(session, "Gone", "admin")
    given_user(session, "Bystander", "admin")
    ids = {name: user.id for name, user in people.items()}
    for user_id in ids.values():
        watching.put(session, experiment.id, user_id, is_on=True, now=NOW)
    users.remove(session, people["gone"], now=NOW)
    return Team(experiment.id, ids)


def given_listeners(session: Session) -> None:
    made: dict[str, Any] = {"created_at": NOW, "created_by": "Ann"}
    secrets = VAULT.seal({"secret": "x", "url": "https://chat.example/x"}, owner="hook")
    hook = {"url": "https://hooks.example/x", "events": []}
    session.add(
        Connector(id="hook", kind="webhook", name="h", settings=hook, secrets=secrets, **made)
    )
    session.add(Connector(id="chat", kind="slack", name="c", settings={}, secrets=secrets, **made))


def _verdict(session: Session, team: Team) -> None:
    facts = {
        "name": "X", "call": "validated", "was": "waiting", "provisional": False,
        "sentence": "Validated: more than 8 % click.",
        "estimates": [{"arm": "insight", "people": 600, "hits": 60, "rate": 0.1, "low": 0.08,
                       "high": 0.13}],
    }  # fmt: skip
    events.record(session, verdicts.FELL, subject=team.experiment_id, now=NOW, facts=facts)


def _guardrail(session: Session, team: Team) -> None:
    facts = {"metric": "unsubscribe_rate", "arm": "insight", "sentence": "Unsubscribe rate: 30 of."}
    events.record(session, verdicts.BREACHED, subject=team.experiment_id, now=NOW, facts=facts)


def _sending(session: Session, team: Team) -> None:
    reason = f"550 5.7.1 <{CUSTOMER}> relay not permitted."
    facts = {"name": "X", "reason": reason}
    events.record(session, "experiment.paused", subject=team.experiment_id, now=NOW, facts=facts)


def _import(session: Session, team: Team) -> None:
    """One file of each."""
    session.add(Audience(id="a", name="Bakers", created_at=NOW, created_by="Ann"))
    for name, user_id in team.ids.items():
        session.add(
            Import(id=f"i-{name}", audience_id="a", format="csv", folder="f", created_at=NOW,
                   filename=CUSTOMER, created_by_id=user_id)
        )  # fmt: skip
        facts = {"status": "done", "lines": 120, "taken": 112, "refused": 8}
        events.record(session, "import.incomplete", subject=f"i-{name}", now=NOW, facts=facts)


def _said(session: Session, team: Team, text: str) -> None:
    author = session.exec(select(User).where(User.name == "Bystander")).one()
    by = Principal.of_user(author)
    draft = CommentDraft(text=text)
    comments.add(session, "experiment", team.experiment_id, draft, by=by, now=NOW)


def _mention(session: Session, team: Team) -> None:
    for user_id in team.ids.values():  # they do not watch: what comes is for their names
        watching.put(session, team.experiment_id, user_id, is_on=False, now=NOW)
    _said(session, team, f"@Viewer @Editor, @Admin! @Gone @Bystander: what of {CUSTOMER}?")


def _comment(session: Session, team: Team) -> None:
    _said(session, team, "Why is Monday so low?")


HAPPEN: dict[Name, Callable[[Session, Team], None]] = {
    Name.VERDICT: _verdict,
    Name.GUARDRAIL: _guardrail,
    Name.SENDING: _sending,
    Name.IMPORT: _import,
    Name.MENTION: _mention,
    Name.COMMENT: _comment,
}


def tell(database: Database) -> None:
    run(database, fanout.duty(database, notifying.hearing(LETTERS)), NOW)


def rows(database: Database, model: Any) -> list[Any]:
    with database.read() as session:
        return list(session.exec(select(model)).all())


def told(database: Database, kind: Name, team: Team) -> tuple[set[str], set[str]]:
    """The roles at whose bell it stands, and those who have it by mail."""
    names = {user_id: name for name, user_id in team.ids.items()}
    lines = [row for row in rows(database, News) if row.kind == kind]
    mails = [row for row in rows(database, Notice) if row.kind == "notice"]
    assert len(lines) == len({row.user_id for row in lines})
    assert len(mails) == len({row.recipient for row in mails})
    return {names[row.user_id] for row in lines}, {row.recipient.split("@")[0] for row in mails}


def test_every_kind_can_happen_here():
    assert set(HAPPEN) == set(KINDS) == set(Name)


@pytest.mark.parametrize("kind", list(Name))
def test_a_kind_goes_each_way_to_those_who_may_see_it_and_once(database: Database, kind: Name):
    with database.write() as session:
        given_listeners(session)
        team = given_team(session)
        HAPPEN[kind](session, team)
    with ThreadPoolExecutor(3) as workers:  # three workers at once, then one again
        list(workers.map(lambda _: tell(database), range(3)))
    tell(database)
    may = {role for role in ROLES if Role(role).may(KINDS[kind].least)}
    bell, mail_ = told(database, kind, team)
    pushes = rows(database, Push)
    facts = [push for push in pushes if push.kind in KINDS[kind].events]
    chats = [push for push in pushes if push.connector_id == "chat"]

    assert bell == may
    assert mail_ == (may if KINDS[kind].by_mail else set())
    assert {push.connector_id for push in facts} == {"hook"}
    assert len(facts) == (len(team.ids) if kind is Name.IMPORT else 1)
    assert len(chats) == KINDS[kind].to_chats


@pytest.mark.parametrize("kind", list(Name))
def test_what_one_chose_decides_about_the_mail_and_not_about_the_bell(
    database: Database, kind: Name
):
    with database.write() as session:
        team = given_team(session)
        for user_id in team.ids.values():
            news.choose(session, user_id, {kind: not KINDS[kind].by_mail})
        HAPPEN[kind](session, team)
    tell(database)
    bell, mail_ = told(database, kind, team)

    assert bell == {role for role in ROLES if Role(role).may(KINDS[kind].least)}
    assert mail_ == (set() if KINDS[kind].by_mail else bell)


@pytest.mark.parametrize("kind", list(Name))
def test_a_notice_names_no_customer_says_one_sentence_and_leads_to_its_page(
    database: Database, kind: Name
):
    with database.write() as session:
        given_listeners(session)
        team = given_team(session)
        for user_id in team.ids.values():
            news.choose(session, user_id, {kind: True})
        HAPPEN[kind](session, team)
    tell(database)
    lines = [row for row in rows(database, News) if row.kind == kind]
    mails = [row for row in rows(database, Notice) if row.kind == "notice"]
    chats = [push.facts for push in rows(database, Push) if push.connector_id == "chat"]
    said = [row.sentence for row in lines] + [row.text + row.html + row.subject for row in mails]

    assert lines
    assert not any(CUSTOMER in one for one in [*said, *map(str, chats)])
    for line in lines:
        said_last = line.sentence[-20:]  # the mail says the same, whatever stands before it
        link = f"https://insights.example.com{line.href}"
        assert any(said_last in mail_.text and link in mail_.text for mail_ in mails)


def test_the_mail_of_a_verdict_says_the_sentence_of_the_page_and_shows_its_numbers(
    database: Database,
):
    with database.write() as session:
        team = given_team(session)
        _verdict(session, team)
    tell(database)
    text = rows(database, Notice)[0].text

    assert "Validated: more than 8 % click." in text
    assert "insight: 60 of 600 people, 10.0 % (8.0 % to 13.0 %)" in text


def test_a_pause_that_somebody_wished_is_told_to_nobody(database: Database):
    with database.write() as session:
        team = given_team(session)
        events.record(session, "experiment.paused", subject=team.experiment_id, now=NOW)
    tell(database)

    assert rows(database, News) == []


def look(database: Database, now: datetime) -> int:
    return run(database, verdicts.duty(database, zone=UTC), now)


def facts_of(database: Database, kind: str) -> list[dict[str, Any]]:
    with database.read() as session:
        found = select(events.Event).where(events.Event.kind == kind)
        return [row.facts for row in session.exec(found.order_by(col(events.Event.id)))]


def running(database: Database, *, clickers: int, **fields: Any) -> str:
    with database.write() as session:
        experiment = given_experiment(session)
        mail(session, experiment, 600, **fields)
        click(session, clickers)
        return experiment.id


def test_a_verdict_is_told_once_however_often_and_by_however_many_it_is_looked_at(
    database: Database,
):
    running(database, clickers=90)
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda _: look(database, CLOSED), range(3)))
    again = look(database, CLOSED + HOUR)
    [facts] = facts_of(database, verdicts.FELL)

    assert again == 0
    assert (facts["call"], facts["was"]) == ("validated", "waiting")
    assert facts["sentence"].startswith("Validated")


def test_before_there_is_a_verdict_nothing_is_told(database: Database):
    running(database, clickers=5)

    assert look(database, TUESDAY + 2 * HOUR) == 0
    assert facts_of(database, verdicts.FELL) == []


def test_a_verdict_that_changes_is_a_new_fact(database: Database):
    experiment_id = running(database, clickers=90)
    look(database, CLOSED)
    with database.write() as session:
        told_ = session.get_one(ToldVerdict, experiment_id)
        told_.call = "refuted"  # as it was before clicks were judged anew
        session.add(told_)
    look(database, CLOSED + HOUR)
    last = facts_of(database, verdicts.FELL)[-1]

    assert (last["call"], last["was"]) == ("validated", "refuted")


def test_a_breached_guardrail_is_told_once(database: Database):
    running(database, clickers=90, unsubscribed_at=TUESDAY + HOUR)
    look(database, CLOSED)
    look(database, CLOSED + HOUR)
    [facts] = facts_of(database, verdicts.BREACHED)

    assert facts["sentence"].startswith("Unsubscribe rate: 600 of 600 delivered")


def test_of_a_rehearsal_no_verdict_is_told(database: Database):
    experiment_id = running(database, clickers=90)
    with database.write() as session:
        session.get_one(Experiment, experiment_id).rehearsal = True

    assert look(database, CLOSED) == 0


def test_what_is_stuck_is_told_once_after_some_tries_and_again_when_it_is_stuck_anew(
    database: Database,
):
    with database.write() as session:
        team = given_team(session)
        experiment_id = team.experiment_id

    def fail(times: int) -> None:
        for _ in range(times):
            with database.write() as session:
                put_off.note(session, Work.START, experiment_id, "The column is gone.",
                             seen=99, now=NOW)  # fmt: skip
            run(database, stuck.duty(database), NOW)

    fail(3)
    early = facts_of(database, stuck.STUCK)
    fail(3)
    first = facts_of(database, stuck.STUCK)
    with database.write() as session:
        assert put_off.take(session, Work.START, experiment_id)
    fail(4)
    tell(database)
    bell, _ = {row.user_id for row in rows(database, News)}, None

    assert (early, len(first)) == ([], 1)
    assert len(facts_of(database, stuck.STUCK)) == 2
    assert bell == {team.ids["editor"], team.ids["admin"]}
    assert "does not go on. The column is gone." in rows(database, News)[0].sentence


def test_whoever_launched_it_is_told_until_they_stop_watching(database: Database):
    with database.write() as session:
        experiment = given_experiment(session)
        user = given_user(session, "Ann", "editor")
        audit.note(session, actor="Ann", actor_id=user.id, subject=experiment.id, now=NOW,
                   action="POST /experiments/{experiment_id}/launch")  # fmt: skip
        session.flush()
        launcher = watching.watchers(session, experiment.id)
        watching.put(session, experiment.id, user.id, is_on=False, now=NOW)
        session.flush()
        nobody = watching.watchers(session, experiment.id)

    assert ([one.id for one in launcher], nobody) == ([user.id], [])


def test_what_is_older_than_half_a_year_is_no_news(database: Database):
    with database.write() as session:
        user = given_user(session)
        for number, days in enumerate((0, 200)):
            now = NOW + timedelta(days=days)
            news.add(session, user.id, fact=str(number), kind="verdict", sentence="x", href="/",
                     now=now)  # fmt: skip

    assert [row.fact for row in rows(database, News)] == ["1"]
