"""What the team says of a feature, and what was done to it."""

from dataclasses import dataclass
from typing import ClassVar

from sqlmodel import Session

from app.experiments import feature_store
from app.web.kit.pages import Page
from app.web.kit.talk import Talk, router_of


@dataclass(frozen=True, kw_only=True)
class CommentsPage(Page):
    """Under the name of the feature."""

    template: ClassVar[str] = "features/comments.html"
    section: ClassVar[str] = "features"

    title: str
    talk: Talk


def _around(session: Session, feature_id: str, talk: Talk) -> CommentsPage:
    return CommentsPage(title=feature_store.feature_of(session, feature_id).title, talk=talk)


router = router_of("feature", _around)
