"""Who counts on a key result: features and experiments that name it."""

from collections.abc import Collection

from sqlmodel import Session

from app.experiments import feature_store, store
from app.okr import closed
from app.platform.errors import Conflict


def refuse_linked(session: Session, key_result_id: str) -> None:
    """A key result that something should move is not removed from under it."""
    names = [feature.title for feature in feature_store.features_for(session, key_result_id)]
    names += [experiment.name for experiment in store.linked_to(session, key_result_id)]
    if names:
        raise Conflict(f"“{names[0]}” should move this key result. Unlink it there first.")


def refuse_closed(
    session: Session, wanted: Collection[str | None], *, already: Collection[str | None] = ()
) -> None:
    """Nothing new is meant to move a key result whose cycle is closed; what was linked stays."""
    new = [one for one in wanted if one is not None and one not in already]
    if new:
        closed.refuse(session, key_results=new)
