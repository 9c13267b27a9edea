"""Mail to the team: Friday's questions, their reminder, and Monday's week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlmodel import Session

from app.allocation import calendar
from app.allocation import store as allocation
from app.allocation.models import Opening, Respondent
from app.delivery import notices
from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign
from app.outreach import tellings
from app.outreach.tellings import Part
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.paths import TEMPLATES
from app.review import agenda, week_links


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes the team's mails, as notices that the sender takes along."""

    settings: Settings
    keyring: Keyring

    def queue(self, session: Session, recipients: list[str], week: str, *, now: datetime) -> None:
        """The week, self-contained; its link opens the review read-only for thirty days."""
        review = agenda.of(session, week, zone=self.settings.zone, now=now)
        token = week_links.token_of(week, keyring=self.keyring, now=now)
        for to in recipients:
            self._queue(
                session,
                to,
                kind="digest",
                subject=f"Week {week[-2:]}: {review.sentence}",
                heading=review.sentence,
                paragraphs=[],
                parts=tellings.of(review, zone=self.settings.zone),
                link=f"{self.settings.public_url}/w/{token}",
                label="Open the week",
                foot=(
                    "The link needs no log-in and is good for 30 days. You get this because"
                    " somebody put this address on the digest list."
                ),
                now=now,
            )

    def ask(
        self, session: Session, opening: Opening, one: Respondent, *, again: bool, now: datetime
    ) -> None:
        """Where did your week go? One link, no log-in."""
        token = sign(
            TrackedLink(calendar.number_of(opening.week), one.number, 0),
            Kind.SURVEY,
            self.keyring,
        )
        closes = f"{opening.closes_at.astimezone(self.settings.zone):%A, %H:%M}"
        self._queue(
            session,
            one.email,
            kind="friday",
            subject=f"{'Still open: where' if again else 'Where'} did week {opening.week[-2:]} go?",
            heading=f"{one.name}, where did your week go?",
            paragraphs=[
                (
                    "Half a minute: how much went into keeping the lights on, and how the rest was"
                    " spent. Your last answer is filled in."
                ),
                f"It closes on {closes}; a later answer is kept, and marked.",
            ],
            link=f"{self.settings.public_url}/s/{token}",
            label="Answer",
            foot="The link is yours alone and needs no log-in: please do not pass it on.",
            now=now,
        )

    def _queue(
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
    ) -> None:
        told = {"heading": heading, "paragraphs": paragraphs, "parts": parts, "link": link}
        told |= {"label": label, "foot": foot}
        notices.queue(
            session,
            self.settings,
            kind=kind,
            to=to,
            subject=subject,
            text=_template("body.txt", **told),
            html=_template("body.html", **told),
            now=now,
        )


def ask_due(database: Database, letters: Letters, *, now: datetime) -> int:
    """Queue the questions and reminders that are due; how many. Each once, whoever tries."""
    with database.read() as session:
        opening = _open_now(session, now=now)
        if opening is None or not _owed(session, opening, now=now):
            return 0
    with database.write() as session:
        return sum(
            _claimed(session, opening, one, again=again, now=now)
            and _asked(session, letters, opening, one, again=again, now=now)
            for one, again in _owed(session, opening, now=now)
        )


def _open_now(session: Session, *, now: datetime) -> Opening | None:
    week = allocation.last_week(session)
    opening = allocation.opening_of(session, week) if week else None
    return opening if opening and now < opening.closes_at else None


def _owed(session: Session, opening: Opening, *, now: datetime) -> list[tuple[Respondent, bool]]:
    owed = [(one, False) for one in allocation.unasked(session, opening.week)]
    if now >= opening.reminds_at:
        owed += [(one, True) for one in allocation.unreminded(session, opening.week)]
    return owed


def _claimed(
    session: Session, opening: Opening, one: Respondent, *, again: bool, now: datetime
) -> bool:
    claim = allocation.claim_reminding if again else allocation.claim_asking
    return claim(session, opening.week, one.id, now=now)


def _asked(
    session: Session,
    letters: Letters,
    opening: Opening,
    one: Respondent,
    *,
    again: bool,
    now: datetime,
) -> int:
    letters.ask(session, opening, one, again=again, now=now)
    return 1


def _template(name: str, **told: object) -> str:
    return _templates().get_template(f"mail/letter/{name}").render(**told)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=False),
    )
