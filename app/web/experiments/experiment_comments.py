"""What the team says of an experiment, and what was done to it."""

from dataclasses import dataclass
from typing import ClassVar

from sqlmodel import Session

from app.review import store as review
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.kit.pages import Page
from app.web.kit.talk import Talk, router_of


@dataclass(frozen=True, kw_only=True)
class CommentsPage(Page):
    """Under the experiment's own head."""

    template: ClassVar[str] = "experiments/comments.html"
    section: ClassVar[str] = "experiments"

    place: Place
    talk: Talk


def _around(session: Session, experiment_id: str, talk: Talk) -> CommentsPage:
    place = header.place_beside(review.about(session, experiment_id))
    return CommentsPage(place=place, talk=talk)


router = router_of("experiment", _around)
