"""What a person has wherever they are, whichever audiences they are in: said once.

Files, mails, pages, the API, the export and erasure read these declarations; every other column is
an audience's own. Headers are known from the exports of Mailchimp, HubSpot, Salesforce, Google
Contacts, Outlook, Pipedrive, Intercom, and Excel in several languages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from sqlmodel import Field, SQLModel

from app.platform.ids import new_id


class Consent(StrEnum):
    """What a person said about being tracked."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Kept(StrEnum):
    """How a cell of a file is kept."""

    ADDRESS = "address"
    LINE = "line"
    ZONE = "zone"
    CONSENT = "consent"


class Told(StrEnum):
    """Whether mails can say it."""

    OFFERED = "offered"  # and forms name it to whoever writes one
    TOLD = "told"
    KEPT_BACK = "kept_back"


@dataclass(frozen=True, slots=True)
class Own:
    """One of these columns. The earlier of two headers is it, where a file has both."""

    headers: tuple[str, ...]  # as files write them, without case, spaces and strokes
    example: str | None
    kept: Kept = Kept.LINE
    told: Told = Told.TOLD
    asked: str = ""  # of a consent: what it allows, in words
    label: str = ""  # what a form calls it


_NAMES = (
    "name", "fullname", "contactname", "displayname", "personname", "vollständigername",
    "vollername", "nomcomplet", "nombrecompleto", "nomecompleto", "navn", "namn",
)  # fmt: skip
_EMAILS = (
    "email", "emailaddress", "mail", "mailaddress", "emailadresse", "mailadresse", "epost",
    "epostadresse", "epostadress", "adresseemail", "adressemail", "courriel", "correo",
    "correoelectronico", "correoelectrónico", "direcciondecorreoelectronico", "indirizzoemail",
    "indirizzodipostaelettronica", "endereçodeemail", "adresemail",
    "sähköposti", "primaryemail", "workemail", "businessemail", "contactemail", "useremail",
    "customeremail", "personemail", "personemailwork", "emailwork", "personemailhome", "emailhome",
    "personemailother", "emailother", "email1value", "email1address", "emailaddress1",
    "homeemail", "privateemail",
)  # fmt: skip
_EXTERNAL = ("externalid", "externalidentifier", "externeid")
_ZONES = ("timezone", "zeitzone", "tidssone", "fuseauhoraire", "zonahoraria")


def _consent(to: str, *, of: str, example: Consent) -> Own:
    headers = (f"consent{of}", f"consent{of}s")
    return Own(headers, example, Kept.CONSENT, Told.KEPT_BACK, asked=to, label=to)


_CLICKS = _consent("Clicks may be tracked", of="click", example=Consent.YES)
_OPENS = _consent("Opens may be tracked", of="open", example=Consent.UNKNOWN)


class PersonColumns(SQLModel):
    """Who somebody is: as the table keeps it, and as the API answers it."""

    id: str = Field(default_factory=new_id, primary_key=True)
    name: Annotated[str, Own(_NAMES, "Ann", told=Told.OFFERED, label="Name")] = ""
    email: Annotated[  # as it was written
        str, Own(_EMAILS, "ann@example.com", Kept.ADDRESS, Told.OFFERED, label="Email: who it is")
    ]
    external_id: Annotated[str | None, Own(_EXTERNAL, "c-1", label="Id in your own system")] = (
        Field(default=None, unique=True)
    )
    timezone: Annotated[str, Own(_ZONES, "Europe/Oslo", Kept.ZONE, label="Time zone")] = ""
    consent_click: Annotated[str, _CLICKS] = Consent.UNKNOWN
    consent_open: Annotated[str, _OPENS] = Consent.UNKNOWN


OWN: Mapping[str, Own] = {
    name: one
    for name, column in PersonColumns.model_fields.items()
    for one in column.metadata
    if isinstance(one, Own)
}
# Columns of an audience that say how a person writes days and numbers; the first wins.
NAMES_LANGUAGE = ("locale", "language")
TOLD = tuple(name for name, one in OWN.items() if one.told is not Told.KEPT_BACK)
OFFERED = tuple(name for name, one in OWN.items() if one.told is Told.OFFERED)
REQUIRED = tuple(name for name in OWN if PersonColumns.model_fields[name].is_required())
EMPTY: Mapping[str, str | None] = {
    name: PersonColumns.model_fields[name].default for name in OWN if name not in REQUIRED
}


def of(row: Any) -> dict[str, str | None]:
    """All of them, of a row that has them."""
    return {name: getattr(row, name) for name in OWN}


def told(row: Any) -> dict[str, object]:
    """Those that a mail can say, of a row that has them."""
    return {name: getattr(row, name) for name in TOLD}
