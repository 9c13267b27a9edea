"""The mail of an invitation: its link is good for once, and shown to nobody but its reader."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.identity import audit
from app.identity.callers import Principal
from app.identity.invitations import LASTS, Outcome
from app.outreach.team_mails import Letters

_ABOUT = "There the team keeps its experiments, its key results and its weeks."


def send_all(
    session: Session,
    letters: Letters,
    outcomes: Sequence[Outcome],
    who: Principal,
    *,
    now: datetime,
) -> None:
    """A mail to each who was asked, in the transaction that asks them."""
    for outcome in outcomes:
        if outcome.row is None:
            continue
        _send(session, letters, outcome, now=now)
        audit.note(
            session,
            actor=who.name,
            actor_id=who.id,
            action="invitation made",
            subject=outcome.row.id,
            details={"role": outcome.row.role},
            now=now,
        )


def _send(session: Session, letters: Letters, outcome: Outcome, *, now: datetime) -> None:
    assert outcome.row is not None
    by, role = outcome.row.created_by, outcome.row.role
    letters.queue_one(
        session,
        outcome.email,
        kind="invitation",
        subject=f"{by} invites you to Thinslice",
        heading=f"{by} invites you to Thinslice",
        paragraphs=[f"{_ABOUT} You come in as {_a(role)}: choose your name and a password."],
        link=f"{letters.settings.public_url}/join/{outcome.secret}",
        label="Accept",
        foot=(
            f"The link is yours alone, good for once and for {LASTS.days} days. If you do not know"
            " why you get this, do nothing."
        ),
        now=now,
    )


def _a(role: str) -> str:
    return f"{'a' if role == 'viewer' else 'an'} {role}"
