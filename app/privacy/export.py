"""Everything that is held about a person, from the declarations by which it is forgotten."""

from typing import Any

from sqlmodel import Session

from app.platform import held
from app.privacy import erasing, mentions
from app.privacy.registry import PARTS


def rows_about(session: Session, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every room, by what it is; raises NotFound."""
    subject = erasing.subject_of(session, person_id)
    found = {part.name: held.held(session, part, subject) for part in PARTS}
    return found | {"mentions": mentions.shown(session, subject.words)}


def counted(session: Session, person_id: str) -> dict[str, int]:
    """How many rows of each kind there are."""
    return {name: len(rows) for name, rows in rows_about(session, person_id).items()}
