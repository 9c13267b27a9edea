"""Where mail providers tell what became of mails: bounces, complaints, deliveries, ways out."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.delivery import hooks
from app.delivery.hooks.told import Brought, Unproven
from app.identity import guard, throttle
from app.identity.guard import Now

router = APIRouter(tags=["Mail providers"])


class EventHeard(BaseModel):
    """What came of it. What is known, or of no mail of ours, changes nothing and is well."""

    model_config = ConfigDict(json_schema_extra={"example": {"is_new": True}})

    is_new: bool = Field(description="whether it changed anything")


@router.post(
    "/hooks/{name}",
    summary="Tell what became of a mail",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The provider's own event, as it documents it; 300 KB at most.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def hear(
    name: Annotated[str, Path(description="the provider, as THINSLICE_MAIL_EVENTS names it")],
    request: Request,
    now: Now,
) -> EventHeard:
    """For the providers that `THINSLICE_MAIL_EVENTS` names; each proves itself as it documents.

    Postmark: user and password in the webhook's address. Resend: Svix's signature, five minutes
    old at most. Mailgun: its signature over time and token, nine hours old at most, each token with
    one event. Amazon SES: the signature of SNS (version 1 or 2), two hours old at most, of the one
    topic that is named; its confirmation is answered. What does not prove itself changes nothing
    (401); of more than thirty such a minute from one network nobody is told why (429).
    """
    state = request.app.state
    brought = Brought(dict(request.headers), await request.body())
    try:
        is_new = await run_in_threadpool(
            hooks.hear,
            state.database,
            name,
            brought,
            setting=state.settings.mail_events,
            keyring=state.keyring,
            now=now,
        )
    except Unproven:
        throttle.check_unproven(caller=guard.caller_of(request))
        raise
    return EventHeard(is_new=is_new)
