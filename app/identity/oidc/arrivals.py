"""Who comes from the provider: somebody known, or new; what they may do, read anew each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session

from app.identity import audit, invitations, names, users
from app.identity import store as identity
from app.identity.models import User
from app.identity.oauth import grants
from app.identity.oidc import store
from app.identity.roles import Role
from app.platform import turns
from app.platform.config import Settings
from app.platform.errors import Conflict, Forbidden
from app.platform.provider_settings import ANYBODY, Roles

BY = names.PROVIDER


class NotLetIn(Forbidden):
    """The provider knows them, and they may not come in here."""

    title = "You cannot log in here"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody of whom the provider said who they are. `email` is empty where it is not theirs."""

    issuer: str
    subject: str
    email: str
    name: str
    groups: frozenset[str]

    @classmethod
    def of(cls, claims: Mapping[str, Any], settings: Settings) -> "Arrival":
        """As claims that were checked have it."""
        email = claims.get("email")
        return cls(
            issuer=claims["iss"],
            subject=claims["sub"],
            email=_address(email) if _is_theirs(claims, settings) else "",
            name=_name(claims),
            groups=_groups(claims.get(settings.oidc_groups)),
        )

    def role(self, roles: Roles) -> Role | None:
        """By the first group of the list that they are in."""
        return next((Role(role) for group, role in roles if group in {*self.groups, ANYBODY}), None)


def lacks(claims: Mapping[str, Any], settings: Settings) -> bool:
    """Whether something is missing that the provider may say elsewhere (userinfo)."""
    return "email" not in claims or settings.oidc_groups not in claims


def welcome(session: Session, came: Arrival, settings: Settings, *, now: datetime) -> User:
    """Who this is here, with today's role; made where they are new.

    Raises:
        NotLetIn: no group of theirs has a role, their address is not verified or somebody else's,
            or an admin removed them.
    """
    turns.take(session, "users")  # of two first log-ins of somebody, the second finds them
    user = _known(session, came, now=now)
    role = came.role(settings.oidc_roles)
    if role is None:
        raise NotLetIn(
            "The identity provider knows you, but no group of yours is let in here. Ask whoever"
            " runs this service: groups and roles are set in THINSLICE_OIDC_ROLES."
        )
    user = user or _joined(session, came, settings)
    if user is None:
        user = _made(session, came, role, now=now)
    elif _are_roles_ours(settings.oidc_roles):
        role = Role(user.role)
    _update(session, user, came, role, now=now)
    invitations.settle(session, user, now=now)
    return user


def _known(session: Session, came: Arrival, *, now: datetime) -> User | None:
    """Somebody who came before. Whom an admin removed is new once they were invited again."""
    user = store.user_of(session, issuer=came.issuer, subject=came.subject)
    if user is None or user.removed_at is None:
        return user
    if not came.email or not invitations.is_awaited(session, came.email, now=now):
        raise NotLetIn("An admin removed your log-in. Ask an admin to invite you again.")
    user.subject = None
    session.add(user)
    session.flush()
    return None


def _are_roles_ours(roles: Roles) -> bool:
    """A provider that names no groups lets people in; what they may do, admins say here."""
    return all(group == ANYBODY for group, _ in roles)


def turn_away(session: Session, came: Arrival, because: NotLetIn, *, now: datetime) -> None:
    """Whoever is let in no more keeps no session and no token either, by what was true before."""
    details: dict[str, str | int] = {"method": "oidc", "because": because.title}
    details |= {"issuer": came.issuer, "who": came.email or came.subject}
    user = store.user_of(session, issuer=came.issuer, subject=came.subject)
    if user is not None:
        ended = store.end_sessions(session, issuer=came.issuer, sid=None, user_id=user.id)
        details |= {"sessions": ended, "tokens": users.end_tokens(session, user, now=now)}
        details |= {"agents": grants.end_all_of(session, user, now=now)}
    audit.note(
        session,
        actor=BY,
        action="log-in refused",
        subject=user.id if user else "",
        details=details,
        now=now,
    )


def _joined(session: Session, came: Arrival, settings: Settings) -> User | None:
    """Somebody who has this address here already, and is theirs if the operator wants that."""
    _refuse_without_address(came)
    user = identity.user_by_email(session, came.email)
    if user is None:
        return None
    if not settings.oidc_join_by_email:
        raise NotLetIn(
            f"{came.email} logs in here with a password. Use that, or ask whoever runs this service"
            " to join both (THINSLICE_OIDC_JOIN_BY_EMAIL)."
        )
    if user.issuer == came.issuer:
        raise NotLetIn(
            f"{came.email} belongs to somebody else whom the identity provider knows. An admin can"
            " remove their log-in; then yours is made."
        )
    user.issuer, user.subject = came.issuer, came.subject
    session.add(user)
    return user


def _made(session: Session, came: Arrival, role: Role, *, now: datetime) -> User:
    user = users.add(
        session, email=came.email, name=came.name, role=role, password=users.NO_PASSWORD, now=now
    )
    user.issuer, user.subject = came.issuer, came.subject
    return user


def _update(session: Session, user: User, came: Arrival, role: Role, *, now: datetime) -> None:
    """Their role and, where they come by the provider alone, name and address as it has them."""
    before = user.role
    try:
        if role != before:
            users.change_role(session, user, role, now=now)
    except Conflict:
        _note(session, user, "role kept: the last local admin", now=now, group_role=role)
    else:
        if role != before:
            _note(session, user, "role by group", now=now, before=before, after=role)
    if not user.has_password:
        user.name = came.name or user.name
        if came.email and identity.user_by_email(session, came.email) is None:
            user.email = came.email
    session.add(user)


def _note(session: Session, user: User, action: str, *, now: datetime, **details: str) -> None:
    audit.note(session, actor=BY, action=action, subject=user.id, details=details, now=now)


def _refuse_without_address(came: Arrival) -> None:
    if not came.email:
        raise NotLetIn(
            "The identity provider does not say that your email address is verified, so nobody"
            " knows that it is yours. Have it verified there, then log in again."
        )


def _is_theirs(claims: Mapping[str, Any], settings: Settings) -> bool:
    verified = claims.get("email_verified", settings.oidc_trust_email)
    return verified is True or verified == "true"  # some providers write it as a text


def _address(email: object) -> str:
    """The address as we keep it; empty where it is none."""
    try:
        return validate_email(str(email), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return ""


def _name(claims: Mapping[str, Any]) -> str:
    parts: Sequence[object] = (claims.get("name"), claims.get("preferred_username"))
    named = next((part for part in parts if isinstance(part, str) and part.strip()), "")
    return names.usable_part(named)


def _groups(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value})
    if not isinstance(value, list):
        return frozenset()
    return frozenset(group for group in value if isinstance(group, str))
