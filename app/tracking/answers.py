"""What people said on the answer page: Yes or No, and a comment."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.links.token import NEVER_COUNTS
from app.tally.models import Outcome
from app.tracking import store
from app.tracking.models import Answer

_COMMENT_CHARS = 2_000
COMMENTS_SHOWN = 100  # ours


def save(
    session: Session,
    send_id: int,
    useful: bool | None,  # noqa: FBT001  # the answer itself, not a switch
    comment: str,
    now: datetime,
) -> None:
    """Keep an answer. A later one replaces it; one given in a preview is kept nowhere."""
    if send_id == NEVER_COUNTS:
        return
    said = comment.replace("\x00", "").strip()[:_COMMENT_CHARS]
    outcome = session.get(Outcome, send_id)
    session.merge(
        Answer(
            send_id=send_id,
            experiment_id=outcome.experiment_id if outcome else "",
            useful=useful,
            comment=said,
            at=now,
        )
    )
    session.flush()


def answer_of(session: Session, send_id: int) -> Answer | None:
    """What one person said, if anything."""
    return session.get(Answer, send_id)


def comments_of(session: Session, experiment_id: str) -> Sequence[Answer]:
    """The newest comments of an experiment's people; a page holds no more."""
    return store.comments_of(session, experiment_id, limit=COMMENTS_SHOWN)


def counts_of(session: Session, experiment_id: str) -> dict[bool | None, int]:
    """How many of an experiment's people said yes, no, or neither."""
    return store.answers_counted(session, experiment_id)
