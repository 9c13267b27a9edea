"""All SQL of identity."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    and_,
    bindparam,
    delete,
    exists,
    func,
    not_,
    or_,
    update,
)
from sqlmodel import Session, col, select

from app.identity import news
from app.identity.models import (
    AgentGrant,
    ApiToken,
    AuditRow,
    HalfLogIn,
    LoginSession,
    SecondStep,
    SetupToken,
    User,
)
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part
from app.platform.texts import why_unstorable

# A working day, however long it is in use: who may come in is the provider's word, and of a
# provider that tells of no log-out it is asked anew each morning (ASVS 7.3.2).
FROM_PROVIDER_LASTS = timedelta(hours=12)
_Moment = datetime | BindParameter[datetime]
_USERS = Order("users")


def user_by_email(session: Session, email: str) -> User | None:
    """Somebody who may log in, by address in any case."""
    if why_unstorable(email):
        return None  # nobody's; PostgreSQL would not even look
    found = select(User).where(User.email == email.strip().lower(), col(User.removed_at).is_(None))
    return session.exec(found).one_or_none()


def user_of(session: Session, user_id: str) -> User:
    """Somebody by id."""
    user = session.get(User, user_id)
    if user is None or user.removed_at is not None:
        raise NotFound("Nobody with a log-in has this id.")
    return user


def users(session: Session) -> Sequence[User]:
    """Everybody who may log in, by address."""
    return session.exec(
        select(User).where(col(User.removed_at).is_(None)).order_by(User.email)
    ).all()


def anybody(session: Session) -> bool:
    """Whether the first person has set a password."""
    return session.exec(select(func.count()).select_from(User)).one() > 0


def users_page(session: Session, *, cursor: str | None, limit: int) -> Part[User]:
    """The same page by page, in the order in which they came."""
    question = select(User).where(col(User.removed_at).is_(None))
    return part(session, question, _USERS, User.id, cursor=cursor, limit=limit)


def sessions_of(session: Session, user_id: str, *, now: datetime) -> Sequence[LoginSession]:
    """The browsers in which somebody is logged in, the one in use last first."""
    mine = select(LoginSession).where(LoginSession.user_id == user_id)
    going_on = mine.where(_goes_on(now, now - FROM_PROVIDER_LASTS))
    return session.exec(going_on.order_by(col(LoginSession.expires_at).desc())).all()


def session_of(
    session: Session, hashed: str, *, now: datetime
) -> tuple[LoginSession, User, bool, int] | None:
    """A session that has not ended, and whose it is.

    Then whether they say a code when they log in, and how many notices they have not read.
    """
    limits = {"id": hashed, "now": now, "fresh": now - FROM_PROVIDER_LASTS}
    found = session.execute(_session_asked_for(), limits).one_or_none()
    return (found[0], found[1], bool(found[2]), found[3]) if found else None


@cache
def _session_asked_for() -> Executable:
    """Put together once: every page asks it, and that took longer than the answer."""
    says_code = exists().where(
        col(SecondStep.user_id) == col(User.id), col(SecondStep.since).is_not(None)
    )
    return (
        select(LoginSession, User, says_code, news.unread())
        .join(User, col(User.id) == LoginSession.user_id)
        .where(
            LoginSession.id == bindparam("id"),
            _goes_on(bindparam("now"), bindparam("fresh")),
            col(User.removed_at).is_(None),
        )
    )


def prolong_session(session: Session, hashed: str, *, until: datetime) -> None:
    """Let a session that is in use go on."""
    session.execute(
        update(LoginSession).where(col(LoginSession.id) == hashed).values(expires_at=until)
    )


def end_sessions_of(session: Session, user_id: str) -> None:
    """Log somebody out everywhere, and whoever is half in by their password."""
    session.execute(delete(LoginSession).where(col(LoginSession.user_id) == user_id))
    session.execute(delete(HalfLogIn).where(col(HalfLogIn.user_id) == user_id))


def end_session_of(session: Session, user_id: str, session_id: str) -> None:
    """Log one browser of somebody out. Raises NotFound."""
    mine = (col(LoginSession.id) == session_id) & (col(LoginSession.user_id) == user_id)
    ended = delete(LoginSession).where(mine).returning(col(LoginSession.id))
    if session.execute(ended).first() is None:
        raise NotFound("This session has ended already.")


def end_other_sessions(session: Session, user_id: str, *, kept: str) -> None:
    """Log somebody out everywhere but in this browser."""
    others = (col(LoginSession.user_id) == user_id) & (col(LoginSession.id) != kept)
    session.execute(delete(LoginSession).where(others))


def end_every_session(session: Session) -> None:
    """Log everybody out."""
    session.execute(delete(LoginSession))


def end_session(session: Session, hashed: str) -> None:
    """Log one browser out."""
    session.execute(delete(LoginSession).where(col(LoginSession.id) == hashed))


def forget_ended_sessions(session: Session, *, now: datetime) -> None:
    """Sessions past their end serve nobody."""
    session.execute(delete(LoginSession).where(not_(_goes_on(now, now - FROM_PROVIDER_LASTS))))


def _goes_on(now: _Moment, fresh: _Moment) -> ColumnElement[bool]:
    """In use not long ago, and not from the provider too long ago."""
    is_fresh = col(LoginSession.created_at) > fresh
    is_ours = col(LoginSession.issuer).is_(None)
    return and_(col(LoginSession.expires_at) > now, or_(is_ours, is_fresh))


def token_by_hash(session: Session, hashed: str) -> ApiToken | None:
    """A token that was not revoked."""
    return session.exec(
        select(ApiToken).where(ApiToken.hash == hashed, col(ApiToken.revoked_at).is_(None))
    ).one_or_none()


def token_of(session: Session, token_id: str) -> ApiToken:
    """A token by id."""
    api_token = session.get(ApiToken, token_id)
    if api_token is None:
        raise NotFound("There is no token with this id.")
    return api_token


def tokens(session: Session) -> Sequence[ApiToken]:
    """All tokens that were not revoked, newest first."""
    return session.exec(
        select(ApiToken).where(col(ApiToken.revoked_at).is_(None)).order_by(col(ApiToken.id).desc())
    ).all()


def tokens_of(session: Session, user: User) -> Sequence[ApiToken]:
    """The tokens that somebody made; of old ones only the name of who made them is known."""
    nameless = col(ApiToken.created_by_id).is_(None) & (col(ApiToken.created_by) == user.name)
    mine = (col(ApiToken.created_by_id) == user.id) | nameless
    question = select(ApiToken).where(mine, col(ApiToken.revoked_at).is_(None))
    return session.exec(question.order_by(col(ApiToken.id).desc())).all()


def note_use(
    session: Session, kind: type[ApiToken | AgentGrant], row_id: str, *, now: datetime
) -> None:
    """Remember when a token, or what somebody allowed an agent, was last used."""
    session.execute(update(kind).where(col(kind.id) == row_id).values(last_used_at=now))


def setup_token(session: Session, hashed: str) -> SetupToken | None:
    """The set-up token, if this is it."""
    return session.get(SetupToken, hashed)


def take_setup_token(session: Session, hashed: str) -> bool:
    """Use the set-up token up; of two who try at once, one is told that it was there."""
    taken = delete(SetupToken).where(col(SetupToken.hash) == hashed).returning(col(SetupToken.hash))
    return session.execute(taken).first() is not None


def forget_setup_tokens(session: Session) -> None:
    """None of them opens anything any more."""
    session.execute(delete(SetupToken))


def known_as(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Of ids in the audit, what nobody chose for themselves: an address, or what it is."""
    people = select(User).where(col(User.id).in_(ids))
    tokens = select(ApiToken.id).where(col(ApiToken.id).in_(ids))
    agents = select(AgentGrant.id).where(col(AgentGrant.id).in_(ids))
    found = {one.id: "removed" if one.removed_at else one.email for one in session.exec(people)}
    found |= dict.fromkeys(session.exec(agents), "agent")
    return found | dict.fromkeys(session.exec(tokens), "token")


def behind(session: Session, actor_id: str | None) -> frozenset[str]:
    """The ids of whoever did something: a token's, and of who made it; a user's alone."""
    token = session.get(ApiToken, actor_id) if actor_id else None
    maker = token.created_by_id if token else None
    return frozenset(filter(None, (actor_id, maker)))


def latest_actor(session: Session, *, ending: str, subject: str) -> str | None:
    """The id of whoever last did to a subject what an action that ends like this names."""
    did = col(AuditRow.action).endswith(ending, autoescape=True)
    question = select(AuditRow.actor_id).where(AuditRow.subject == subject, did)
    return session.exec(question.order_by(col(AuditRow.id).desc()).limit(1)).first()


def latest_note(session: Session, *, action: str) -> AuditRow | None:
    """What the audit says of the last time that something was done."""
    question = select(AuditRow).where(AuditRow.action == action)
    return session.exec(question.order_by(col(AuditRow.id).desc()).limit(1)).first()
