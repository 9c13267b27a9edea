"""Images that mails show: uploaded, kept in the database, served at addresses nobody guesses.

They lie in the database because machines share nothing else: each serves all of them, and a backup
of the database holds them. The address names a random key; nothing of a person, so loading one
tells nobody who loads it, and it counts nowhere.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, cast
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from app.delivery import image_files
from app.delivery.mail.link_book import UPLOADED
from app.delivery.models import MailImage
from app.experiments.design_schemas import Draft
from app.experiments.models import Experiment, Status
from app.experiments.part_schemas import Arm
from app.platform import turns
from app.platform.errors import Conflict, Invalid, NotFound
from app.platform.ids import new_id
from app.platform.listing import Asked, Listing
from app.platform.paging import Part
from app.platform.texts import line_part

_TURN = "images"  # a launch and who takes an image away see one another
_LONGEST_NAME, _LONGEST_WORDS = 200, 500
_KEY_BYTES = 16  # 128 bits
_NAMED = re.compile(rf"(?<![\w:]){UPLOADED}([A-Za-z0-9_-]{{1,64}})")
_WITHOUT_BODY = defer(MailImage.body)  # type: ignore[arg-type]  # a column; served, not listed
EVERY: Any = select(MailImage).options(_WITHOUT_BODY)
LISTING = Listing(
    name="images page",
    key=col(MailImage.id),
    usual="-added",
    sorts={
        "added": col(MailImage.id),
        "name": col(MailImage.name),
        "size": col(MailImage.size),
    },
    words=(col(MailImage.name), col(MailImage.says)),
)


def add(session: Session, raw: bytes, *, name: str, says: str, by: str, now: datetime) -> MailImage:
    """Keep an upload. Raises Invalid for what is no image, and where it says nothing in words."""
    says = _words(says)
    file = image_files.read(raw)
    row = MailImage(
        id=new_id(),
        key=secrets.token_urlsafe(_KEY_BYTES),
        name=line_part(name)[:_LONGEST_NAME] or f"image.{file.kind}",
        says=says,
        kind=file.kind,
        width=file.width,
        height=file.height,
        size=len(file.body),
        hash=hashlib.sha256(file.body).hexdigest(),
        body=file.body,
        created_at=now,
        created_by=by,
    )
    session.add(row)
    session.flush()
    return row


def image_of(session: Session, image_id: str) -> MailImage:
    """One of them, without its bytes. Raises NotFound."""
    row = session.get(MailImage, image_id, options=[_WITHOUT_BODY])
    if row is None:
        raise NotFound("There is no such image.")
    return row


def by_key(session: Session, key: str) -> Row[Any] | None:
    """What is served at an address: kind, hash, body."""
    question = select(col(MailImage.kind), col(MailImage.hash), col(MailImage.body))
    return session.execute(question.where(col(MailImage.key) == key)).first()


def say(session: Session, image_id: str, says: str) -> MailImage:
    """Other words for it, for mails that are written from now on."""
    row = image_of(session, image_id)
    row.says = _words(says)
    return row


def _words(says: str) -> str:
    """What an image shows, on one line. Raises Invalid."""
    if not says.strip():
        raise Invalid.at(
            "says", "Say in words what it shows: people who see no images read that instead."
        )
    if len(says) > _LONGEST_WORDS:
        raise Invalid.at("says", f"Say it in {_LONGEST_WORDS} characters at most.")
    return line_part(says)


def listed(session: Session, asked: Asked, *, limit: int) -> Part[MailImage]:
    """Newest first, or as is asked. Raises Invalid."""
    return LISTING.part(session, EVERY, asked, limit=limit)


def remove(session: Session, image_id: str) -> None:
    """Serve it no more. Raises Conflict where mails that left, or are about to, show it."""
    turns.take(session, _TURN)
    row = session.get(MailImage, image_id, options=[_WITHOUT_BODY], with_for_update=True)
    if row is None:
        raise NotFound("There is no such image.")
    if used := launched_with(session, row.key):
        names = ", ".join(f"“{name}”" for name in used[:3])
        raise Conflict(
            f"{names} {'were' if len(used) > 1 else 'was'} launched with it, and mails that people"
            " have would lose it. It stays."
        )
    session.delete(row)


def hold(session: Session, design: Draft) -> None:
    """Nobody takes an image of it away before it is launched. Raises Conflict: one is gone."""
    turns.share(session, _TURN)
    if missing(session, design.arms):
        raise Conflict("Somebody took an image of it away at this moment. Look at the mail again.")


def launched_with(session: Session, key: str) -> Sequence[str]:
    """The names of experiments that are no drafts any more and show it."""
    question = select(col(Experiment.name)).where(
        cast(col(Experiment.design), String).contains(f"{UPLOADED}{key}", autoescape=True),
        col(Experiment.status) != Status.DRAFT,
    )
    return session.scalars(question.order_by(col(Experiment.id))).all()


def named_by(arm: Arm) -> frozenset[str]:
    """The keys of the images that a version's mail or answer page names."""
    return frozenset(_NAMED.findall(f"{arm.body} {arm.answer}"))


def missing(session: Session, arms: Sequence[Arm]) -> set[str]:
    """The keys of images that they name and that are not here."""
    keys = set[str]().union(*map(named_by, arms))
    if not keys:
        return keys
    question = select(col(MailImage.key)).where(col(MailImage.key).in_(sorted(keys)))
    return keys - set(session.scalars(question))
