"""People who log in, their sessions, tokens of other systems, and the record of who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint, false, text
from sqlmodel import Field, Index, SQLModel

from app.platform.damaged_moments import MomentOrText
from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id
from app.platform.told import told


class User(SQLModel, table=True):
    """Somebody of the organisation. (A customer is a person of an audience.)"""

    __tablename__ = "user_account"

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)  # lower case
    name: str = ""
    role: str
    password_hash: str  # empty: they come by the identity provider alone
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    issuer: str | None = None  # of the identity provider that knows them, as …
    subject: str | None = None  # … this, for good

    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    @property
    def has_password(self) -> bool:
        """Whether they can log in while no identity provider answers."""
        return bool(self.password_hash)


class LoginSession(SQLModel, table=True):
    """A browser that is logged in. Its secret stands here as a hash only."""

    __tablename__ = "login_session"

    id: str = Field(primary_key=True)  # SHA-256 of the secret in the cookie
    user_id: str = Field(index=True)
    csrf: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    device: str = ""  # in words: Firefox on Windows
    network: str = ""  # where it began: 192.0.2.0/24
    issuer: str | None = None  # of the identity provider that it came from; None: by password
    sid: str | None = Field(default=None, index=True)  # what the provider calls its own session
    id_token: str | None = None  # sealed: shown to the provider at log-out


class LogInAttempt(SQLModel, table=True):
    """A browser that was sent to the identity provider and is expected back, once."""

    __tablename__ = "log_in_attempt"

    id: str = Field(primary_key=True)  # SHA-256 of the cookie's secret and the state in the address
    nonce: str
    verifier: str  # PKCE
    onward: str  # the page that they wanted
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ToldLogOut(SQLModel, table=True):
    """A log-out that the identity provider told of: each is taken once."""

    __tablename__ = "told_log_out"

    hash: str = Field(primary_key=True)  # of its issuer and jti
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class SecondStep(SQLModel, table=True):
    """The app of somebody's phone that says a code beside their password (TOTP)."""

    __tablename__ = "second_step"

    user_id: str = Field(primary_key=True)
    secret: str  # sealed
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)  # None: not yet confirmed
    used_step: int = Field(default=0, sa_type=BigInteger)  # a code is good for once


class RecoveryCode(SQLModel, table=True):
    """Opens instead of the app, once; gone when it is used."""

    __tablename__ = "recovery_code"

    hash: str = Field(primary_key=True)
    user_id: str = Field(index=True)


class HalfLogIn(SQLModel, table=True):
    """A browser that knows somebody's password, and has yet to say the code."""

    __tablename__ = "half_log_in"

    id: str = Field(primary_key=True)  # SHA-256 of the secret in the cookie
    user_id: str = Field(index=True)
    onward: str  # the page that they wanted
    wrong: int = 0  # codes that were tried
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class TeamInvitation(SQLModel, table=True):
    """Somebody who was asked by mail to log in here; the link is good for once."""

    __tablename__ = "team_invitation"

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(index=True)  # lower case
    role: str
    hash: str = Field(unique=True)  # of the secret in the link
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    created_by_id: str | None = None  # a user, who may be behind a token; None: of before, or none
    expires_at: datetime = Field(sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ShareLink(SQLModel, table=True):
    """A link by which anybody reads one readout, and nothing else, until it ends."""

    __tablename__ = "share_link"

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    hash: str = Field(unique=True)  # of the secret in the link
    hint: str  # its first characters, to tell one from another
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    created_by_id: str | None = None  # a user, who may be behind a token; None: the command line
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiToken(SQLModel, table=True):
    """Another system's way in. Shown once; here as a hash only."""

    __tablename__ = "api_token"
    __table_args__ = told("name", "role", "may_draft", "revoked_at")

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    role: str
    hash: str = Field(unique=True)
    hint: str  # its first characters, to tell one from another
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    created_by_id: str | None = None  # a user; None: the command line, or of an earlier version
    may_draft: bool = Field(default=False, sa_column_kwargs={"server_default": false()})  # by MCP
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AgentProgram(SQLModel, table=True):
    """A program that registered itself, so that somebody may let it in."""

    __tablename__ = "agent_program"

    id: str = Field(primary_key=True)  # no secret: programs have none
    name: str  # as it calls itself
    redirects: list[str] = Field(sa_type=Json)  # where answers to it may go
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # last let in


class AgentGrant(SQLModel, table=True):
    """What somebody allowed a program. It stays when it is over, for the audit names it."""

    __tablename__ = "agent_grant"

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = Field(index=True)
    client: str  # the id of an agent_program, or the address of a program's own document
    name: str  # as it called itself then
    redirect: str
    scope: str  # `read`, or `read draft`
    code_hash: str = Field(unique=True)
    challenge: str  # PKCE
    created_at: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    code_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AgentToken(SQLModel, table=True):
    """What a program was given for a grant. Used refresh tokens stay, to tell a thief by."""

    __tablename__ = "agent_token"

    hash: str = Field(primary_key=True)
    grant_id: str = Field(index=True)
    kind: str  # access, refresh
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SetupToken(SQLModel, table=True):
    """The way in for the very first person; dead once used, or once anybody can log in."""

    __tablename__ = "setup_token"

    hash: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Watch(SQLModel, table=True):
    """Somebody wants to be told of a thing, or no more."""

    __tablename__ = "watch"

    subject: str = Field(primary_key=True)  # the id of an experiment, a feature, a key result
    user_id: str = Field(primary_key=True, index=True)
    is_on: bool
    at: datetime = Field(sa_type=UtcDateTime)


class News(SQLModel, table=True):
    """One thing that one of the team is to know: a line behind their bell."""

    __tablename__ = "news"
    __table_args__ = (
        UniqueConstraint("user_id", "fact"),
        Index(
            "ix_news_unread",
            "user_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str
    fact: str  # what happened, and in which kind it is told: the same is told once
    kind: str
    sentence: str
    href: str
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeChoice(SQLModel, table=True):
    """Whether somebody wants one kind of notice by mail; without a row, what is usual holds."""

    __tablename__ = "notice_choice"

    user_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    by_mail: bool


class AuditRow(SQLModel, table=True):
    """Who did what, when. Only ever added to."""

    __tablename__ = "audit"

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=MomentOrText)  # a text where it is damaged
    actor: str  # the name at that time
    actor_id: str
    action: str  # `POST /experiments/{id}/launch`
    subject: str = ""
    details: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    number: int | None = Field(default=None, unique=True)  # its place; None: before rows had seals
    digest: str | None = None  # a MAC of all above
    seal: str | None = None  # a MAC of the seal before, the number and the digest
    erased_digest: str | None = None  # of what it says since somebody was erased from it


class AuditHead(SQLModel, table=True):
    """Where the audit ends. One row."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    number: int = 0
    seal: str = ""
    unsealed: int = 0  # rows from before rows had seals
