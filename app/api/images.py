"""Images that mails show."""

from base64 import b64decode
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.delivery import images
from app.delivery.models import MailImage
from app.identity.guard import Db, Now, Who
from app.platform.errors import Invalid
from app.platform.listing import Asked
from app.platform.texts import Document, Line

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Images"])

_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "loaves.png",
    "says": "Three loaves that were not sold on Tuesday",
    "source": "image:kT3v0cX9m2yQ7f1LrWb8aA",
    "kind": "png",
    "width": 1200,
    "height": 600,
    "size": 81234,
    "created_at": "2026-11-22T08:00:00Z",
}


class ImageDraft(Document):
    """An image to be kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "loaves.png", "says": "Three loaves", "file": _PIXEL}]
        }
    )

    name: Line = Field(description="of the file")
    says: Line = Field(description="what it shows: whoever sees no images reads this")
    file: Annotated[str, Field(max_length=2_800_000, description="as base64; 2 MB at most")]


class ImageWords(Document):
    """Other words for an image."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"says": "Three loaves"}]})

    says: Line


class ImageOut(BaseModel):
    """An image. In a body it is written as its `source`: ![words](image:…), or src of mj-image."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    name: str
    says: str
    source: str
    kind: Literal["png", "jpeg", "gif", "webp"]
    width: int = Field(description="pixels")
    height: int = Field(description="pixels")
    size: int = Field(description="bytes, as it is kept")
    created_at: datetime


@router.post("/images", status_code=201, summary="Upload an image for mails")
def add_image(draft: ImageDraft, session: Db, who: Who, now: Now) -> ImageOut:
    """PNG, JPEG, GIF or WebP. Pixels stay as they are; what tells of its maker is left out."""
    try:
        raw = b64decode(draft.file, validate=True)
    except ValueError as error:  # of letters beyond ASCII, too
        raise Invalid.at("file", f"This is not base64: {error}.") from error
    row = images.add(session, raw, name=draft.name, says=draft.says, by=who.name, now=now)
    return _shown(row)


@router.get("/images", summary="List images for mails")
def list_images(
    *, session: Db, sort: Sort = "", cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[ImageOut]:
    """Newest first, or by `added`, `name`, `size`."""
    return listed(images.listed(session, Asked(sort=sort, cursor=cursor), limit=limit), _shown)


@router.get("/images/{image_id}", summary="Read an image's description")
def get_image(image_id: str, session: Db) -> ImageOut:
    """What it is; its bytes are at `/i/` and what follows `image:` in its source."""
    return _shown(images.image_of(session, image_id))


@router.patch("/images/{image_id}", summary="Say an image in other words")
def change_image(image_id: str, words: ImageWords, session: Db) -> ImageOut:
    """For mails that are written from now on."""
    return _shown(images.say(session, image_id, words.says))


@router.delete("/images/{image_id}", status_code=204, summary="Take an image away")
def remove_image(image_id: str, session: Db) -> None:
    """Refused (409) where an experiment was launched with it."""
    images.remove(session, image_id)


def _shown(row: MailImage) -> ImageOut:
    return ImageOut(source=f"image:{row.key}", **row.model_dump(exclude={"body"}))
