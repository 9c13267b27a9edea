"""The weekly review: a week as it is told, its commitments and notes, and freezing it."""

from fastapi import APIRouter, Request

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.identity.guard import Db, Now, Who
from app.review import agenda, items, week_store
from app.review.schemas import CommitmentDraft, KeptDraft, NoteDraft
from app.review.shapes import Item, Review

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Weeks"])


@router.get("/weeks/{week}", summary="Read a week's review")
def get_week(week: str, request: Request, session: Db, now: Now) -> Review:
    """As it was frozen, or as it stands."""
    zone = request.app.state.settings.zone
    return agenda.review_of(session, week, zone=zone, now=now)


@router.post("/weeks/{week}/commitments", status_code=201, summary="Commit to something")
def commit(week: str, draft: CommitmentDraft, session: Db, now: Now, who: Who) -> Item:
    """For the week after. A frozen week takes no more (409)."""
    return items.shown_one(items.commit(session, week, draft, by=who.name, now=now))


@router.put("/weeks/{week}/commitments/{item_id}", summary="Say what became of a commitment")
def settle(week: str, item_id: str, draft: KeptDraft, session: Db, now: Now) -> Item:
    """`week` is the one in which it was promised. It shows in the review of the week after."""
    week_store.item_of(session, week, item_id)
    return items.shown_one(items.settle(session, item_id, draft.kept, now=now))


@router.post("/weeks/{week}/notes", status_code=201, summary="Note a blocker or a decision")
def note(week: str, draft: NoteDraft, session: Db, now: Now, who: Who) -> Item:
    """A frozen week takes no more (409)."""
    return items.shown_one(items.note(session, week, draft, by=who.name, now=now))


@router.delete("/weeks/{week}/items/{item_id}", status_code=204, summary="Take a line back")
def drop(week: str, item_id: str, session: Db) -> None:
    """A blocker, a decision or a commitment, unless the week is frozen (409)."""
    items.drop(session, week, item_id)


@router.post("/weeks/{week}/freeze", summary="Freeze a week")
def freeze(week: str, request: Request, session: Db, now: Now, who: Who) -> Review:
    """Keep it as it is told now. A second time is refused (409), a future week too (422)."""
    zone = request.app.state.settings.zone
    return agenda.freeze(session, week, by=who.name, zone=zone, now=now)
