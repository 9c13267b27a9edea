"""Where the links of a draft's mails lead."""

from fastapi import APIRouter, Request

from app.api.address import PREFIX
from app.delivery import link_answers
from app.delivery.link_answers import LinkAnswer
from app.experiments import drafts, store

router = APIRouter(prefix=PREFIX, tags=["Experiments"])


@router.post("/experiments/{experiment_id}/link-check", summary="Ask where links lead")
def check_links(experiment_id: str, request: Request) -> list[LinkAnswer]:
    """Each fixed address is asked once, 40 at most, 4 seconds each; it changes nothing.

    A link that holds something of a person is not followed: only its host is looked up.
    """
    with request.app.state.database.read() as session:
        design = drafts.design_of(store.experiment_of(session, experiment_id))
    hosts = request.app.state.settings.allow_private_sources
    return link_answers.ask(design, allowed_hosts=hosts)
