"""What people said on the answer page: Yes or No, and a comment."""

from datetime import datetime

from sqlmodel import Session

from app.links.token import NEVER_COUNTS
from app.platform.texts import storable_part
from app.tally.models import Outcome
from app.tracking import store
from app.tracking.models import Answer
from app.tracking.store import Told

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
    said = storable_part(comment).strip()[:_COMMENT_CHARS]
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


def told_by(session: Session, experiment_id: str) -> Told:
    """What an experiment's people said: a page holds no more comments than the newest."""
    return store.answers_told(session, experiment_id, limit=COMMENTS_SHOWN)
