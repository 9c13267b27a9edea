"""Who is asking, by what the request carries: a token for the API, a cookie for the pages."""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Self

from fastapi import Request
from sqlmodel import Session

from app.identity import store
from app.identity.models import AgentGrant, ApiToken, LoginSession, User
from app.identity.oauth import grants, issuing, offered
from app.identity.oauth import store as oauth
from app.identity.roles import Role
from app.identity.secrets import kept
from app.identity.tokens import PREFIX
from app.platform.errors import NotLoggedIn

API = "/api/"
METRICS = "/metrics"
AGENTS = offered.AGENTS
_SEND_ONE = "Send a token: `Authorization: Bearer tsl_…`. An admin makes one under Tokens."


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking."""

    kind: str  # user, token, agent: a token over MCP
    id: str
    name: str
    email: str
    role: Role
    made_by: str = ""  # the id of the user who made the token; empty: nobody's, or of the command
    may_draft: bool = False  # of a token: whether an agent may write drafts with it
    client: str = ""  # of an agent that somebody let in: its program
    may_ask_to_draft: bool = False  # of the same: that somebody could let it draft, too

    @classmethod
    def of_token(cls, row: ApiToken) -> Self:
        """Another system."""
        role, made_by = Role(row.role), row.created_by_id or ""
        drafts = row.may_draft and role.may(Role.EDITOR)
        return cls("token", row.id, row.name, "", role, made_by, drafts)

    @classmethod
    def of_grant(cls, row: AgentGrant, user: User) -> Self:
        """An agent that somebody let in: never more than they may themselves, and no admin."""
        could = Role(user.role).may(Role.EDITOR)
        drafts = could and row.scope == offered.DRAFTING
        return cls(
            kind="agent",
            id=row.id,
            name=grants.name_of(row, user),
            email="",
            role=Role.EDITOR if drafts else Role.VIEWER,
            made_by=user.id,
            may_draft=drafts,
            client=row.client,
            may_ask_to_draft=could and not drafts,
        )

    @classmethod
    def of_user(cls, row: User) -> Self:
        """Somebody who logged in."""
        return cls("user", row.id, row.name, row.email, Role(row.role))

    @property
    def ids(self) -> frozenset[str]:
        """Who it is, and who is behind it."""
        return frozenset(filter(None, (self.id, self.made_by)))

    @property
    def user_id(self) -> str | None:
        """The user who asks, or who is behind what asks; None: the command line is."""
        return self.id if self.kind == "user" else self.made_by or None

    @property
    def sees_addresses(self) -> bool:
        """Customers' addresses are looked at by those who mail them, never by an agent."""
        return self.kind != "agent" and self.role.may(Role.EDITOR)


def is_api(request: Request) -> bool:
    """Whether a token is asked for, and no cookie looked at.

    By the path alone: an address is made of it and of what a caller says in `Host`.
    """
    path: str = request.scope["path"]
    return path.startswith(API) or path in {METRICS, AGENTS}


def watches(request: Request) -> bool:
    """Whether who asks has the token that opens nothing but the meters."""
    wanted: str = request.app.state.settings.metrics_token
    return bool(wanted) and compare_digest(_bearer(request).encode(), wanted.encode())


def known(session: Session, request: Request, *, now: datetime) -> Principal | None:
    """Who asks, as the database has it now; None: nobody who is logged in."""
    if is_api(request):
        return bearer_of(session, request, now=now)[0]
    found = login_of(session, request, now=now)
    return Principal.of_user(found[1]) if found else None


def refuse_tokenless(request: Request) -> None:
    """What carries nothing that looks like a token of ours, before the database is asked.

    Raises NotLoggedIn.
    """
    if not _bearer(request).startswith(PREFIX):
        raise NotLoggedIn(_SEND_ONE)


def bearer_of(
    session: Session, request: Request, *, now: datetime
) -> tuple[Principal, ApiToken | AgentGrant]:
    """Whom the token of a request stands for, and its row. Raises NotLoggedIn."""
    secret, is_agents = _bearer(request), request.scope["path"] == AGENTS
    try:
        if is_agents and secret.startswith(issuing.ACCESS):
            offered.refuse_unoffered(request.app.state.settings)
            return _let_in(session, secret, now=now)
        row = _token_of(session, secret)
    except NotLoggedIn as error:
        if is_agents:
            said = {"error": "invalid_token"} if secret else {}
            settings = request.app.state.settings
            error.challenge = offered.challenge(settings, **said, scope=offered.READING)
        raise
    return Principal.of_token(row), row


def _let_in(session: Session, secret: str, *, now: datetime) -> tuple[Principal, AgentGrant]:
    """An agent that somebody let in; its tokens open nothing but `/mcp`."""
    found = oauth.opened(session, kept(secret), now=now)
    if found is None:
        raise NotLoggedIn("This token is too old, or what it was given for was taken back.")
    return Principal.of_grant(*found), found[0]


def _token_of(session: Session, secret: str) -> ApiToken:
    if not secret.startswith(PREFIX):
        raise NotLoggedIn(_SEND_ONE)
    row = store.token_by_hash(session, kept(secret))
    if row is None:
        raise NotLoggedIn("This token is not valid, or was revoked.")
    return row


def _bearer(request: Request) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def login_of(
    session: Session, request: Request, *, now: datetime
) -> tuple[LoginSession, User, bool, int] | None:
    """The session of a browser's cookie, if it goes on, as `store.session_of` has it."""
    secret = request.cookies.get(cookie_name(request))
    return None if secret is None else store.session_of(session, kept(secret), now=now)


def cookie_name(request: Request) -> str:
    """`__Host-` ties the cookie to this host and to TLS; browsers refuse it without."""
    return "__Host-thinslice" if request.app.state.settings.secure else "thinslice"
