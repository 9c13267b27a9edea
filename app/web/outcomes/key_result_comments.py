"""What the team says of a key result, and what was done to it."""

from dataclasses import dataclass
from typing import ClassVar

from sqlmodel import Session

from app.okr import store as okr
from app.web.kit.pages import Page
from app.web.kit.talk import Talk, router_of


@dataclass(frozen=True, kw_only=True)
class CommentsPage(Page):
    """Under the name of the key result."""

    template: ClassVar[str] = "outcomes/comments.html"
    section: ClassVar[str] = "outcomes"

    title: str
    talk: Talk


def _around(session: Session, key_result_id: str, talk: Talk) -> CommentsPage:
    return CommentsPage(title=okr.key_result_of(session, key_result_id).title, talk=talk)


router = router_of("key_result", _around)
