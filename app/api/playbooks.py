"""A cycle as a template: copied, written as YAML, taken in; and the templates of experiments."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.api.vaults import Hosts
from app.experiments import template_rows, templates
from app.experiments.design_schemas import TemplateDraft
from app.identity import guard
from app.identity.guard import Db, Now, Who
from app.okr import store
from app.outreach import playbooks
from app.platform import garbled
from app.review.copying import Copied
from app.review.playbook import CopyDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Playbook"])


class PlaybookDraft(CopyDraft):
    """A playbook and the cycle to make of it."""

    yaml: Annotated[str, Field(max_length=playbooks.MOST_BYTES, description="the file's text")]
    settings: bool = Field(
        default=False, description="also take over survey, buckets and the digest's time"
    )


class CopiedOut(BaseModel):
    """What was made; teams and templates that were there by name stay as they are."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "cycle_id": "1f0c3m8k2tq5w7x9z0ab",
                "objectives": 1,
                "key_results": 4,
                "teams": 0,
                "templates": 0,
            }
        },
    )

    cycle_id: str
    objectives: int
    key_results: int
    teams: int
    templates: int


class TemplateOut(BaseModel):
    """A design to begin an experiment from."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0ac",
                "name": "Insight in euros",
                "about": "600 people, 60 must click.",
                "design": {
                    "channel": "email",
                    "metric": {"kind": "click_rate", "window_hours": 72},
                    "rule": {"kind": "threshold", "threshold": 0.08},
                },
            }
        },
    )

    id: str
    name: str
    about: str
    design: dict[str, object]


@router.get(
    "/cycles/{cycle_id}/template",
    summary="Write a cycle as a playbook",
    response_class=PlainTextResponse,
)
def write_playbook(cycle_id: str, request: Request, session: Db, now: Now) -> str:
    """YAML: the cycle, its cadence, survey and experiment templates; no values, no secrets."""
    today = now.astimezone(request.app.state.settings.zone).date()
    return playbooks.written(session, store.cycle_of(session, cycle_id), today=today)


@router.post("/cycles/{cycle_id}/copy", status_code=201, summary="Make the next cycle from this")
def copy_cycle(
    cycle_id: str, draft: CopyDraft, request: Request, session: Db, *, now: Now, who: Who
) -> CopiedOut:
    """Same objectives, teams and key results; values, links and scores stay behind."""
    cycle = store.cycle_of(session, cycle_id)
    today = now.astimezone(request.app.state.settings.zone).date()
    return _shown(playbooks.copy_of(session, cycle, draft, today=today, by=who.name, now=now))


@router.post("/playbooks", status_code=201, summary="Take in a playbook")
def take_playbook(
    *, draft: PlaybookDraft, request: Request, hosts: Hosts, now: Now, who: Who
) -> CopiedOut:
    """Make a cycle from a YAML file. A place that is wrong is named (422); nothing is made then."""
    book = playbooks.read(draft.yaml, allowed_hosts=hosts)
    with guard.writing(request) as session:
        return _shown(
            playbooks.take_over(session, book, draft, settings=draft.settings, by=who.name, now=now)
        )


@router.get("/experiment-templates", summary="List experiment templates")
def list_templates(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[TemplateOut | GarbledOut]:
    """The organisation's own, in the order they were kept; those that ship are on the form."""
    return listed(
        template_rows.page(session, cursor=cursor, limit=limit),
        lambda row: (
            garbled.read(TemplateOut.model_validate, row) or GarbledOut(id=row.id, name=row.name)
        ),
    )


@router.post("/experiment-templates", status_code=201, summary="Keep an experiment template")
def keep_template(draft: TemplateDraft, session: Db, now: Now, who: Who) -> TemplateOut:
    """The design of an experiment; audience, slice, dates and links are left out."""
    return TemplateOut.model_validate(templates.keep(session, draft, by=who.name, now=now))


@router.delete("/experiment-templates/{template_id}", status_code=204, summary="Remove a template")
def remove_template(template_id: str, session: Db) -> None:
    """Experiments that began from it stay as they are."""
    session.delete(template_rows.template_by_id(session, template_id))


def _shown(made: Copied) -> CopiedOut:
    return CopiedOut(
        cycle_id=made.cycle.id,
        objectives=made.objectives,
        key_results=made.key_results,
        teams=made.teams,
        templates=made.templates,
    )
