"""A readout's mail as somebody got it, with who followed each link: for a frame of its own."""

from datetime import datetime
from html import escape

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.analysis import readout
from app.audience import members
from app.delivery.mail.composed import Rendered
from app.experiments.models import Experiment
from app.identity.guard import Db, Now
from app.platform.errors import NotFound
from app.review import store as review
from app.web.experiments import link_map, previews
from app.web.experiments.outbox import mail_answer

router = APIRouter(prefix="/experiments")
_TRIED = 5  # people of the audience, until one of them can be written to


@router.get("/{experiment_id}/readout/mail")
def framed(
    *, request: Request, session: Db, now: Now, experiment_id: str, version: str | None = None
) -> HTMLResponse:
    """The mail's HTML with its counts. Its links never count, as in any preview."""
    about = review.about(session, experiment_id)
    experiment, zone = about.experiment, request.app.state.settings.zone
    if experiment.started_at is None:
        raise NotFound("There is no readout before the first mail has left.")
    arm = previews.arm_key(experiment, version)
    mail = _mail(request, session, experiment, arm, now=now)
    if isinstance(mail, str):
        return mail_answer(f"<p>{escape(mail)}</p>", request.app.state.settings)  # in its frame
    told = readout.beside(session, experiment, about.frozen, now=now, zone=zone, aims={})
    followed = link_map.followed(told, arm)
    return mail_answer(
        link_map.marked(mail.html, followed, request.app.state.keyring),
        request.app.state.settings,
    )


def _mail(
    request: Request, session: Session, experiment: Experiment, arm: str, *, now: datetime
) -> Rendered | str:
    """As the first person reads it to whom it can be written, or why nobody can read it."""
    audience, problem = experiment.audience_id, "Nobody of its audience is here any more."
    people = members.chunk(session, audience, after=None, limit=_TRIED) if audience else []
    for person in people:
        found, problem = previews.rendered(
            request, session, experiment, arm, person.person_id, now=now
        )
        if found is not None:
            return found
    return problem
