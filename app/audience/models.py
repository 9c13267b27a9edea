"""People, the audiences they are in, imports, and who must not be mailed."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, false
from sqlmodel import Field, Index, SQLModel

from app.audience.own import PersonColumns
from app.platform.db import UtcDateTime
from app.platform.documents import Cells, Json
from app.platform.ids import new_id


class Person(PersonColumns, table=True):
    """Somebody who may be mailed."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_name", "name", "id"),)

    email_key: str = Field(unique=True)  # what makes two addresses one: lower case, punycode
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Audience(SQLModel, table=True):
    """A named set of people. `columns` is what they were read as when an import ended."""

    __tablename__ = "audience"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    people: int = 0
    columns: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    revision: int = 0  # counts changes of people and columns: what depends on them asks for it
    read_by: int = 0  # the version of reading that decided the columns
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = ""


class Membership(SQLModel, table=True):
    """A person in an audience, with their columns there: their insight."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_person", "person_id"),)

    audience_id: str = Field(primary_key=True, foreign_key="audience.id")
    person_id: str = Field(primary_key=True)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Cells)
    import_id: str | None = None  # the last file that named this person, and on which line
    line: int | None = None


_ENDED = frozenset({"done", "previewed"})


class Import(SQLModel, table=True):
    """One file, read in chunks; `offset` is where the next chunk begins."""

    __tablename__ = "import"

    id: str = Field(default_factory=new_id, primary_key=True)
    audience_id: str = Field(index=True)
    format: str  # csv, ndjson
    folder: str  # the data folder's id: only its processes can read the file
    filename: str = ""
    status: str = "running"  # running, done, failed; of a look: previewed, confirmed
    # Nothing is taken from it: the file is read to say what an import would do.
    is_look: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    look_id: str | None = None  # the look whose file this is
    # Of a look, how its columns are read; of an import, what its author said of them before.
    columns: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)
    size: int = 0  # bytes
    offset: int = 0  # bytes read and committed
    line: int = 0  # physical lines read and committed
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    # lines of people who were erased
    erased: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    noted: int = 0  # cells that were left empty, or do not fit their column
    encoding: str = "utf-8"
    error: str | None = None
    named: list[str] | None = Field(default=None, sa_type=Json)  # columns the audience had not
    # What its author says of it: its separator, what columns become, who opted out elsewhere.
    said: dict[str, Any] | None = Field(default=None, sa_type=Json)
    # How it is read: its separator and headings, and what each becomes.
    header: dict[str, Any] | None = Field(default=None, sa_type=Json)
    reasons: dict[str, Any] | None = Field(default=None, sa_type=Json)  # refused lines, by kind
    # lines whose people opted out elsewhere
    opted_out: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    # Of a look that cannot be imported as it is: what has to be said of it first.
    asks: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_by: str = ""
    created_by_id: str | None = None  # a user, who may be behind a token; None: the command line

    @property
    def file(self) -> str:
        """What its file is called in the data folder."""
        return self.look_id or self.id

    def forget_mended(self) -> None:
        """Once a file is read, nobody need know how its lines were mended: they are people's."""
        if self.said and self.said.get("mended"):
            self.said = {**self.said, "mended": {}}

    @property
    def waits(self) -> bool:
        """Whether a person is to say a word about it; its file is kept until then."""
        return self.status == "previewed" or bool(self.asks)

    @property
    def outcome(self) -> str:
        """What a page calls it: a file of which nothing could be taken did not go well."""
        if self.asks:
            return "asks"
        taken = self.added + self.updated + self.unchanged + self.erased
        is_bad = self.refused > 0 and taken == 0
        return f"{self.status}_nobody" if is_bad and self.status in _ENDED else self.status


class AudienceQuery(SQLModel, table=True):
    """A query over a database that the operator named, which fills an audience by itself."""

    __tablename__ = "audience_query"
    __table_args__ = (Index("ix_audience_query_due", "due_at"),)

    audience_id: str = Field(primary_key=True, foreign_key="audience.id")
    connection: str
    query: str
    every: str = "daily"  # hourly, daily
    due_at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    import_id: str | None = None  # the last one that it made
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = ""


class Refusal(SQLModel, table=True):
    """A line of an import that was not taken, and why."""

    __tablename__ = "import_refusal"

    import_id: str = Field(primary_key=True)
    line: int = Field(primary_key=True)
    reason: str
    raw: str


class Note(SQLModel, table=True):
    """A cell of an import that was left empty or does not fit its column; its person was taken."""

    __tablename__ = "import_note"

    import_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    line: int
    column: str
    value: str
    note: str
    person_id: str | None = Field(default=None, index=True)


class Suppression(SQLModel, table=True):
    """An address that gets no mail."""

    __tablename__ = "suppression"

    id: str = Field(default_factory=new_id, primary_key=True)
    email_key: str = Field(unique=True)
    reason: str  # unsubscribed, bounced, complained, manual, …
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = ""


class Declined(SQLModel, table=True):
    """A kind of mail that somebody wants no more of; other kinds still reach them."""

    __tablename__ = "declined"
    __table_args__ = (
        UniqueConstraint("email_key", "mail_kind", name="uq_declined_email_key_mail_kind"),
        Index("ix_declined_listed", "created_at", "id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    email_key: str
    mail_kind: str  # one of `app.experiments.vocabulary.MailKind`
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = ""


class Erased(SQLModel, table=True):
    """Somebody was erased, and no file brings them back: a keyed mark, which names nobody."""

    __tablename__ = "erased"

    mark: str = Field(primary_key=True)  # HMAC of an address or an external id
    at: datetime = Field(sa_type=UtcDateTime)


class Erasure(SQLModel, table=True):
    """An erasure under way: what is left is searched for by these words, then this row goes."""

    __tablename__ = "erasure"

    person_id: str = Field(primary_key=True)
    words: list[str] = Field(default_factory=list, sa_type=Json)  # the address, as it is written
    asked_at: datetime = Field(sa_type=UtcDateTime)
    swept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # no row holds it now
