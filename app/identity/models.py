"""People who log in, their sessions, tokens of other systems, and the record of who did what."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id


class User(SQLModel, table=True):
    """Somebody of the organisation. (A customer is a person of an audience.)"""

    __tablename__ = "user_account"

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)  # lower case
    name: str = ""
    role: str
    password_hash: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LoginSession(SQLModel, table=True):
    """A browser that is logged in. Its secret stands here as a hash only."""

    __tablename__ = "login_session"

    id: str = Field(primary_key=True)  # SHA-256 of the secret in the cookie
    user_id: str = Field(index=True)
    csrf: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ApiToken(SQLModel, table=True):
    """Another system's way in. Shown once; here as a hash only."""

    __tablename__ = "api_token"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    role: str
    hash: str = Field(unique=True)
    hint: str  # its first characters, to tell one from another
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    created_by_id: str | None = None  # a user; None: the command line, or of an earlier version
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SetupToken(SQLModel, table=True):
    """The way in for the very first person; dead once used, or once anybody can log in."""

    __tablename__ = "setup_token"

    hash: str = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class AuditRow(SQLModel, table=True):
    """Who did what, when. Only ever added to."""

    __tablename__ = "audit"

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str  # the name at that time
    actor_id: str
    action: str  # `POST /experiments/{id}/launch`
    subject: str = ""
    details: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
