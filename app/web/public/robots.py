"""What crawlers are told: nothing here is for them."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

router = APIRouter()


@router.get("/robots.txt")
def refuse_crawlers() -> PlainTextResponse:
    """A crawler that obeys follows no link of a mail, and so spares a readout."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")
