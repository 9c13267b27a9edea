"""What a person answers a program, and takes back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from app.identity import audit
from app.identity.models import AgentGrant, User
from app.identity.oauth import offered, programs, redirects, store
from app.identity.oauth.asked import Asked
from app.identity.oauth.programs import Program
from app.identity.roles import Role
from app.identity.secrets import fresh, kept
from app.platform import turns
from app.platform.errors import Conflict, Forbidden, Invalid, NotFound

CODE = "tsk_"
CODE_LASTS = timedelta(minutes=2)  # a program fetches its tokens at once
_MOST = 200  # answers of one person that go on: nobody has so many programs
_DRAFTS = "You are a viewer: you cannot let an agent draft. An admin can change your role."


def take_turn(session: Session, user_id: str) -> None:
    """Of a new answer and a new password, the second sees what the first did."""
    turns.take(session, f"agents of {user_id}")


def allow(
    session: Session, user: User, asked: Asked, program: Program, scope: str, *, now: datetime
) -> str:
    """Let a program in: the code that it gets its tokens for.

    Raises:
        Forbidden: a viewer lets nobody draft.
        Invalid: nothing was ticked, or drafting without reading.
    """
    _refuse_scope(scope, user)
    if store.going_on(session, user.id, now=now) >= _MOST:
        raise Conflict(f"You let {_MOST} agents in already. Take some back under your account.")
    store.forget_tokens(session, now=now)
    secret = fresh(CODE)
    row = AgentGrant(
        user_id=user.id,
        client=program.id,
        name=program.name,
        redirect=asked.redirect,
        scope=scope,
        code_hash=kept(secret),
        challenge=asked.challenge,
        created_at=now,
        until=now + CODE_LASTS,
    )
    session.add(row)
    session.flush()
    store.note_program(session, program.id, now=now)
    programs.forget_old(session, now=now)
    _note(session, user, "agent allowed", _told_of(row), subject=row.id, now=now)
    return secret


def refuse(session: Session, user: User, asked: Asked, program: Program, *, now: datetime) -> None:
    """Say that a program was not let in."""
    told = _told(program.id, program.name, asked.redirect)
    _note(session, user, "agent refused", told, now=now)


def take_back(session: Session, user: User, grant_id: str, *, now: datetime) -> None:
    """What somebody allowed opens nothing from now on. Raises NotFound."""
    row = store.grant(session, grant_id)
    if row is None or row.user_id != user.id or not store.end(session, grant_id, now=now):
        raise NotFound("This agent was taken back already.")
    _note(session, user, "agent taken back", _told_of(row), subject=row.id, now=now)


def end_all_of(session: Session, user: User, *, now: datetime) -> int:
    """Somebody may not come in any more as they did: neither may whom they let in."""
    take_turn(session, user.id)
    return store.end_of(session, user.id, now=now)


def end_for(session: Session, row: AgentGrant, why: str, *, now: datetime) -> None:
    """End one because of what its program did; said in the audit, once."""
    if store.end(session, row.id, now=now):
        user = session.get(User, row.user_id)
        audit.note(
            session,
            actor=name_of(row, user),
            actor_id=row.id,
            action="agent ended",
            subject=row.id,
            details=_told_of(row) | {"because": why},
            now=now,
        )


def name_of(row: AgentGrant, user: User | None) -> str:
    """Who acts, as lists and the audit call it: a program never stands there alone."""
    return f"{row.name} for {user.name if user else 'somebody'}"


def listed(session: Session, user_id: str, *, now: datetime) -> Sequence[AgentGrant]:
    """What somebody allowed."""
    return store.grants_of(session, user_id, now=now)


def _refuse_scope(scope: str, user: User) -> None:
    if scope not in {offered.READING, offered.DRAFTING}:
        raise Invalid.at("read", "Tick what it may do, reading first; or refuse.")
    if scope == offered.DRAFTING and not Role(user.role).may(Role.EDITOR):
        raise Forbidden(_DRAFTS)


def _note(
    session: Session,
    user: User,
    action: str,
    told: dict[str, str],
    *,
    subject: str = "",
    now: datetime,
) -> None:
    audit.note(
        session,
        actor=user.name,
        actor_id=user.id,
        action=action,
        subject=subject,
        details=told,
        now=now,
    )


def _told_of(row: AgentGrant) -> dict[str, str]:
    return _told(row.client, row.name, row.redirect) | {"scope": row.scope}


def _told(client: str, name: str, redirect: str) -> dict[str, str]:
    return {"client": client, "name": name, "answer to": redirects.host_of(redirect)}
