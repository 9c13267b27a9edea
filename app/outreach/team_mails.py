"""Mail to the team: Friday's questions, their reminder, and Monday's week."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlmodel import Session

from app.allocation import calendar, telling
from app.allocation import store as allocation
from app.allocation.models import Opening, Respondent
from app.delivery import notices
from app.delivery.mail.pictures import Picture
from app.delivery.notices import About
from app.experiments import fallen_away
from app.experiments.models import Experiment, Status
from app.identity import users
from app.languages.words import ENGLISH, words_of
from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign
from app.outreach import fanout, friday_mail, week_text
from app.outreach.models import Connector
from app.outreach.week_text import Part
from app.platform import figures
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.events import Event
from app.platform.paths import TEMPLATES
from app.platform.put_off import Work
from app.review import agenda, friday_questions, week_links
from app.review.shapes import Review

DIGEST = "week.told"  # what a chat is owed
LAUNCH = "/experiments/{experiment_id}/launch"  # what the audit calls it, by page and by API
_ASKING, _REMINDING = "asking", "reminding"


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes the team's mails, as notices that the sender takes along."""

    settings: Settings
    keyring: Keyring

    @classmethod
    def of(cls, state: Any) -> "Letters":
        """As an application or an installation has both."""
        return cls(state.settings, state.keyring)

    def queue(self, session: Session, to: str, week: str, *, now: datetime) -> None:
        """The week, self-contained; its link opens the review read-only for thirty days."""
        review, address = self._week(session, week, now=now)
        self.queue_one(
            session,
            to,
            kind="digest",
            subject=f"Week {week[-2:]}: {review.sentence}",
            heading=review.sentence,
            paragraphs=[],
            parts=week_text.week_parts(review, zone=self.settings.zone),
            link=address,
            label="Open the week",
            foot=(
                "The link needs no log-in and is good for 30 days. You get this because"
                " somebody put this address on the digest list."
            ),
            now=now,
        )

    def post(self, session: Session, chat: Connector, week: str, *, now: datetime) -> None:
        """The same week to a chat; its link is good for as long."""
        review, address = self._week(session, week, now=now)
        facts = {
            "text": week_text.as_text(review, zone=self.settings.zone),
            "link": address,
            "label": "Open the week",
        }
        fanout.owe(session, chat, DIGEST, facts, now=now)

    def _week(self, session: Session, week: str, *, now: datetime) -> tuple[Review, str]:
        """A week's review, and the address that opens it read-only."""
        telling.settle_closed(session, week, now=now)
        review = agenda.review_of(session, week, zone=self.settings.zone, now=now)
        token = week_links.token_of(week, keyring=self.keyring, now=now)
        return review, f"{self.settings.public_url}/w/{token}"

    def ask(
        self,
        session: Session,
        opening: Opening,
        respondent: Respondent,
        *,
        again: bool,
        now: datetime,
    ) -> bool:
        """One link, no log-in: time, key results, promises. False: nothing concerns them."""
        today = now.astimezone(self.settings.zone).date()
        theirs = friday_questions.questions_for(session, opening.week, respondent, today=today)
        if not (respondent.asked_time or theirs):
            return False
        token = sign(
            TrackedLink(calendar.number_of(opening.week), respondent.number, 0),
            Kind.SURVEY,
            self.keyring,
        )
        said = friday_mail.said(
            opening.week,
            respondent,
            theirs,
            words_of(respondent.language),
            closes=opening.closes_at.astimezone(self.settings.zone),
            is_again=again,
        )
        self.queue_one(
            session,
            respondent.email,
            kind="friday",
            subject=said.subject,
            heading=said.heading,
            paragraphs=said.paragraphs,
            link=f"{self.settings.public_url}/s/{token}",
            label=said.label,
            foot=said.foot,
            language=words_of(respondent.language).spoken,
            now=now,
        )
        return True

    def hear(self, session: Session, event: Event, now: datetime) -> None:
        """Tell whoever launched an experiment who fell away between that and its start."""
        if event.kind != fallen_away.FELL_AWAY:
            return
        user = users.who_did(session, ending=LAUNCH, subject=event.subject)
        experiment = session.get(Experiment, event.subject)
        if user is not None and experiment is not None:
            self._left_out(session, user.email, experiment, event, now=now)

    def _left_out(
        self, session: Session, to: str, experiment: Experiment, event: Event, *, now: datetime
    ) -> None:
        name, people = experiment.name, event.facts["people"]
        were = figures.plural(people, "person was", "people were")
        self.queue_one(
            session,
            to,
            kind="left-out",
            subject=f"{were.capitalize()} left out of “{name}”",
            heading=f"{were} left out of “{name}” whom its launch did not name",
            paragraphs=[*event.facts["because"], _went_on(experiment)],
            link=f"{self.settings.public_url}/experiments/{experiment.id}",
            label="Look at it",
            foot="You get this because you launched it.",
            now=now,
        )

    def queue_one(
        self,
        session: Session,
        to: str,
        *,
        kind: str,
        subject: str,
        heading: str,
        paragraphs: list[str],
        link: str,
        label: str,
        foot: str,
        now: datetime,
        parts: Sequence[Part] = (),
        picture: Picture | None = None,
        about: About | None = None,
        language: str = ENGLISH,
    ) -> None:
        """A letter of ours to one of the team, in this transaction."""
        told: dict[str, Any] = {
            "heading": heading,
            "paragraphs": paragraphs,
            "parts": parts,
            "link": link,
        }
        told |= {"label": label, "foot": foot, "picture": picture, "language": language}
        notices.queue(
            session,
            self.settings,
            kind=kind,
            to=to,
            subject=subject,
            text=_template("body.txt", **told),
            html=_template("body.html", **told),
            now=now,
            about=about,
        )


def duty(database: Database, letters: Letters) -> Duty:
    """Queue each question and each reminder that is due; each once, whoever tries."""

    def ask(item: str, now: datetime) -> int:
        week, what, respondent_id = item.split()
        is_again = what == _REMINDING
        claim = _claim_of(what)
        with database.write() as session:
            if not claim(session, week, respondent_id, now=now):
                return 0
            opening = allocation.get_opening(session, week)
            respondent = allocation.respondent_of(session, respondent_id)
            return letters.ask(session, opening, respondent, again=is_again, now=now)

    return Duty(work=Work.ASK, items=_owed, do=ask)


def pass_over(session: Session, *, now: datetime) -> None:
    """Count every question and reminder that is due as sent."""
    for item in _owed(session, now):
        week, what, respondent_id = item.split()
        _claim_of(what)(session, week, respondent_id, now=now)


def _claim_of(what: str) -> Callable[..., bool]:
    return allocation.claim_reminding if what == _REMINDING else allocation.claim_asking


def _went_on(experiment: Experiment) -> str:
    if experiment.status == Status.CANCELLED:
        return f"It did not start, and nobody was mailed. {experiment.paused_reason or ''}".strip()
    enrolled = figures.plural(experiment.enrolled or 0, "person is", "people are")
    return f"{enrolled} in it; nobody joins it any more."


def _owed(session: Session, now: datetime) -> list[str]:
    """Who is asked about which week, or reminded of it: `2026-W47 asking 1f0c…`."""
    owed: list[str] = []
    for opening in allocation.open_at(session, now):
        week = opening.week
        owed += [
            f"{week} {_ASKING} {respondent.id}" for respondent in allocation.unasked(session, week)
        ]
        if now >= opening.reminds_at:
            late = allocation.unreminded(session, week)
            owed += [f"{week} {_REMINDING} {respondent.id}" for respondent in late]
    return owed


def _template(name: str, **told: object) -> str:
    return _templates().get_template(f"mail/letter/{name}").render(**told)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=False),
    )
