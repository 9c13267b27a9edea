"""The mail beside its text, as one real person gets it, and what is wrong with it so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlmodel import Session

from app.audience import members, people_rows
from app.audience import store as audience
from app.audience.members import Member
from app.audience.models import Person
from app.delivery.linting import MailLint
from app.delivery.mail.outline import Block, outline
from app.experiments import drafts
from app.experiments.items import Item, Level
from app.experiments.models import Experiment
from app.platform import figures
from app.platform.errors import AppError
from app.platform.listing import Asked
from app.web.experiments import previews

_OFFERED = 20  # people whose addresses are suggested; any other's is typed
_NOBODY = "Choose an audience that has people in step People: then one of them is shown here."


@dataclass(frozen=True, slots=True)
class Look:
    """One person's mail in the first version; or why there is none to be seen."""

    reader: str  # whose address was asked for
    offered: tuple[str, ...]
    subject: str
    preheader: str
    text: str
    outline: Sequence[Block]
    frame: str  # the address of the mail alone
    problem: str
    fits: str  # of several who fit what was asked for, which one it is
    items: tuple[Item, ...]


def look_of(
    request: Request, session: Session, row: Experiment, *, reader: str, now: datetime
) -> Look:
    """The mail as it is saved, for the person with this address or the first of the audience."""
    design = drafts.design_of(row)
    lint = MailLint(request.app.state.settings)
    found = [*lint.problems(design), *lint.gone(session, design)]
    people = _people(session, row)
    names_people = request.state.principal.sees_addresses
    offered = tuple(person.email for person in people) if names_people else ()
    person_id, problem, fits = _chosen(session, row, people, reader if names_people else "")
    mail = None
    if person_id:
        arm = previews.arm_key(row, None)
        mail, problem = previews.rendered(request, session, row, arm, person_id, now=now)
    found += lint.of_length(len(mail.html.encode("utf-8", "replace")) if mail else 0)
    items = tuple(item for item in found if item.level is not Level.OK)
    stamp = str(int(row.updated_at.timestamp()))  # another mail is another address, so it is loaded
    return Look(
        reader=reader if names_people else "",
        offered=offered,
        subject=mail.subject if mail else "",
        preheader=(mail.preheader or "") if mail else "",
        text=mail.text if mail else "",
        outline=outline(mail.html) if mail else (),
        frame=f"/experiments/{row.id}/preview/mail?person={person_id}&at={stamp}" if mail else "",
        problem=problem,
        fits=fits,
        items=items,
    )


def _people(session: Session, row: Experiment) -> Sequence[Member]:
    if row.audience_id is None:
        return ()
    return members.chunk(session, row.audience_id, after=None, limit=_OFFERED)


def _chosen(
    session: Session, row: Experiment, people: Sequence[Member], reader: str
) -> tuple[str, str, str]:
    """Whose mail it is, and which of several; nobody's, with the reason, where nobody is meant."""
    if not people:
        return "", _NOBODY, ""
    if not reader:
        return people[0].person_id, "", ""
    known = {person.email: person.person_id for person in people}
    if reader in known:
        return known[reader], "", ""
    found = people_rows.found(
        session, Asked(words=reader), audience_id=row.audience_id, limit=_OFFERED
    )
    if found:
        return found[0].id, "", _which(found[0], len(found), is_all=found.next is None)
    if "@" not in reader:
        return "", f"Nobody of this audience has “{reader}” in their name or columns.", ""
    try:
        person = audience.person_by_email(session, reader)
    except AppError:
        person = None  # it is no address, so it is nobody's
    return (person.id, "", "") if person else ("", f"Nobody here has the address “{reader}”.", "")


def _which(first: Person, count: int, *, is_all: bool) -> str:
    if count == 1:
        return ""
    said = figures.plural(count, "person", "people")
    many = f"{said} fit" if is_all else f"More than {said} fit"
    return f"{many}. This is {first.name or first.email}: write more to see another."
