"""People who log in."""

from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session

from app.identity import audit, invitation_store, names, news, second_step_store, share_links, store
from app.identity.models import ApiToken, User
from app.identity.oauth import grants
from app.identity.passwords import Hashed
from app.identity.roles import Role, role_named
from app.platform import turns
from app.platform.errors import Conflict, Invalid, NotFound

NO_PASSWORD = Hashed("")  # of somebody whom the identity provider knows; no password matches it


def add(
    session: Session, *, email: str, name: str, role: str, password: Hashed, now: datetime
) -> User:
    """Somebody new; an address that is there already is a conflict."""
    address = address_of(email)
    turns.take(session, "users")  # of two who make the same one, the second is told
    if store.user_by_email(session, address):
        raise Conflict(f"{address} may log in already. Change their role or password instead.")
    user = User(
        email=address,
        name=names.of(name, address=address),
        role=role_named(role),
        password_hash=password,
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def change_password(session: Session, user: User, password: Hashed, *, now: datetime) -> None:
    """A new password ends every session of that person (ASVS 7.4.3), and whom they let in."""
    user.password_hash = password
    session.add(user)
    second_step_store.forget_halves(session, user.id)
    store.end_sessions_of(session, user.id)
    grants.end_all_of(session, user, now=now)


def change_role(session: Session, user: User, role: str, *, now: datetime) -> None:
    """What they may do from now on; the last admin who has a password stays one.

    Tokens that they made and that may more end, and so do their invitations of before: nobody keeps
    a role by what they gave out.
    """
    new = role_named(role)
    audit.tell(session, who=user.name, role=f"{user.role} → {new}")
    if new != "admin":
        _refuse_last_admin(session, user)
    user.role = new
    session.add(user)
    end_tokens(session, user, beyond=new, now=now)


def end_tokens(session: Session, user: User, *, beyond: Role | None = None, now: datetime) -> int:
    """End the tokens that somebody made and that may more than a role; all, beyond none.

    Invitations are made by admins: whoever is none any more takes back what nobody accepted yet.
    Readouts are shared by editors: links to them end likewise.
    """
    if beyond is None or not beyond.may(Role.EDITOR):
        share_links.end_of(session, user.id, now=now)
    if beyond is not Role.ADMIN:
        invitation_store.end_of(session, user.id, now=now)
    ended = [
        token
        for token in store.tokens_of(session, user)
        if beyond is None or not beyond.may(Role(token.role))
    ]
    for token in ended:
        token.revoked_at = now
        session.add(token)
    return len(ended)


def remove(session: Session, user: User, *, now: datetime) -> None:
    """Nobody logs in with this address any more; what they did keeps their name.

    Their sessions end at once, and so do the tokens and the invitations that they made, and the
    agents they let in. Nobody is told anything for them any more.
    """
    _refuse_last_admin(session, user)
    audit.tell(session, who=user.name, role=f"{user.role} → none")
    end_tokens(session, user, now=now)
    grants.end_all_of(session, user, now=now)
    second_step_store.forget(session, user.id)
    user.removed_at, user.email, user.password_hash = now, f"(removed {user.id})", ""
    session.add(user)
    store.end_sessions_of(session, user.id)
    second_step_store.forget(session, user.id)
    news.forget(session, user.id)


def named(session: Session, email: str) -> User:
    """Somebody who can log in, by address. Raises NotFound."""
    user = store.user_by_email(session, email)
    if user is None:
        raise NotFound(f"Nobody logs in as {email}. `thinslice user list` names those who do.")
    return user


def who_did(session: Session, *, ending: str, subject: str) -> User | None:
    """Who last did to a subject what an action that ends like this names, if they are still here.

    What a token did, whoever made it did. None too where it was the command line.
    """
    actor = store.latest_actor(session, ending=ending, subject=subject)
    token = session.get(ApiToken, actor) if actor else None
    whose = token.created_by_id if token else actor
    user = session.get(User, whose) if whose else None
    return None if user is None or user.removed_at is not None else user


def _refuse_last_admin(session: Session, user: User) -> None:
    turns.take(session, "admins")  # of two who remove each other, the second is refused
    session.flush()
    session.refresh(user)  # whoever was before us may have changed them
    if not _is_local_admin(user):
        return
    if not any(_is_local_admin(one) for one in store.users(session) if one.id != user.id):
        raise Conflict(
            "This is the last admin who can log in with a password, so also while no identity"
            " provider answers. Make somebody else one first."
        )


def _is_local_admin(user: User) -> bool:
    return user.role == "admin" and user.has_password


def address_or_nobody(typed: str) -> str:
    """Who tries to log in, for the audit: what is no address may be a password, and is not kept."""
    try:
        return address_of(typed)
    except Invalid:
        return names.UNKNOWN


def address_of(email: str) -> str:
    """An address as we keep it. Raises Invalid."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid.at("email", f"This is no email address: {error}") from error
