"""What one person is asked on Friday beside the time: their key results, and what they promised."""

import secrets
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, tzinfo

from pydantic import ValidationError
from sqlmodel import Session

from app.allocation import roster
from app.allocation import store as allocation
from app.allocation.models import Respondent
from app.allocation.schemas import RespondentDraft
from app.okr import views
from app.okr import week_rows as okr
from app.okr.views import KeyResultView
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.iso_weeks import monday_of, week_of
from app.platform.put_off import Work
from app.review import items, week_store
from app.review.models import ItemKind
from app.review.shapes import Item


@dataclass(frozen=True, slots=True)
class Asked:
    """What concerns one person."""

    key_results: tuple[KeyResultView, ...]
    promised: tuple[Item, ...]  # the week before, for this one

    def __bool__(self) -> bool:
        return bool(self.key_results or self.promised)


def questions_for(session: Session, week: str, respondent: Respondent, *, today: Date) -> Asked:
    """What somebody owns of the week, though its cycle ended in it, and what they promised."""
    promises = items.shown(week_store.items(session, items.week_before(week), ItemKind.COMMITMENT))
    return Asked(
        views.several(
            session,
            [
                row
                for row, owner in okr.owned_between(session, monday_of(week), today)
                if _is_meant(owner, respondent)
            ],
            today=today,
        ),
        tuple(item for item in promises if _is_meant(item.owner, respondent)),
    )


def duty(database: Database, *, zone: tzinfo) -> Duty:
    """Let each owner be asked whose address is written at their key result."""

    def enlist(address: str, now: datetime) -> int:
        with database.write() as session:
            draft = _draft(address)
            if draft is None or address not in _unknown(session, now.astimezone(zone).date()):
                return 0
            roster.add_respondent(
                session, draft, number=secrets.randbits(roster.NUMBER_BITS), now=now
            )
        return 1

    return Duty(
        work=Work.ENLIST,
        items=lambda session, now: _unknown(session, now.astimezone(zone).date()),
        do=enlist,
    )


def _unknown(session: Session, today: Date) -> list[str]:
    known = {respondent.email for respondent in allocation.respondents(session)}
    monday = monday_of(week_of(today))
    owned = okr.owned_between(session, monday, today)
    owners = {owner.strip().lower() for _, owner in owned if "@" in owner}
    return [address for address in sorted(owners - known) if _draft(address) is not None]


def _draft(address: str) -> RespondentDraft | None:
    """Somebody who is asked for key results only; None where it is no address after all."""
    name = address.partition("@")[0].replace(".", " ").title()
    try:
        return RespondentDraft(name=name, email=address, asked_time=False)
    except ValidationError:
        return None


def _is_meant(owner: str, respondent: Respondent) -> bool:
    """An owner is a name or an address."""
    return owner.strip().casefold() in {respondent.name.casefold(), respondent.email.casefold()}
