"""The digest: who gets the week by mail, and when."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.identity.guard import Db, Now
from app.outreach import digests
from app.outreach.models import Digest
from app.outreach.schemas import DigestDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Digest"])


class DigestOut(BaseModel):
    """Recipients and the time of the week, in the organisation's zone."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"recipients": ["ann@example.com"], "sends_at": "monday 08:00"}
        }
    )

    recipients: list[str]
    sends_at: str | None


@router.get("/digest", summary="Read the digest's settings")
def read_digest(session: Db) -> DigestOut:
    """Nobody and no time, until they are set."""
    return _shown(digests.digest_settings(session))


@router.put("/digest", summary="Set the digest")
def put_digest(draft: DigestDraft, session: Db, now: Now) -> DigestOut:
    """In force from its next time on."""
    return _shown(digests.put(session, draft, now=now))


def _shown(row: Digest | None) -> DigestOut:
    return DigestOut(
        recipients=row.recipients if row else [], sends_at=row.sends_at if row else None
    )
