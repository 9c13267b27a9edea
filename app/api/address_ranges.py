"""Address ranges: the lists by which one machine tells people from scanners and data centres."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.api.address import PREFIX
from app.api.uploads import pieces
from app.identity import requests_noted
from app.identity.guard import Now, Who
from app.tracking import range_files, range_lists, ranges
from app.tracking.range_files import Source

router = APIRouter(prefix=PREFIX, tags=["Address ranges"])

_LIST: dict[str, Any] = {
    "name": "ip-ranges.json",
    "dated": "2026-10-20",
    "loaded_at": "2026-11-22T08:00:00Z",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "networks": {"datacenter": 9871},
    "stale": False,
}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A published list as it is, or text with one network a line.",
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "203.0.113.0/24 vendor\n2001:db8::/32 people\n",
            },
        },
    }
}


class BuiltInOut(BaseModel):
    """What is known without any list."""

    dated: date
    networks: dict[str, int] = Field(description="how many of each class")


class RangeListOut(BaseModel):
    """A list in force."""

    model_config = ConfigDict(json_schema_extra={"example": _LIST})

    name: str
    dated: date = Field(description="as the list says, else when it was loaded")
    loaded_at: datetime
    sha256: str
    networks: dict[str, int] = Field(description="how many of each class")
    stale: bool = Field(description="older than 60 days")


class AddressRangesOut(BaseModel):
    """What the machine that answers looks addresses up in. Others have lists of their own."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "machine": "web-1",
                "built_in": {
                    "dated": "2026-11-29",
                    "networks": {"security_vendor": 21, "datacenter": 27},
                },
                "lists": [_LIST],
                "warning": None,
            }
        }
    )

    machine: str
    built_in: BuiltInOut
    lists: list[RangeListOut] = Field(description="by name, 50 at most")
    warning: str | None = Field(description="what is too old, and what to do")


@router.get("/address-ranges", summary="Which lists of address ranges are in force")
def get_address_ranges(request: Request, now: Now) -> AddressRangesOut:
    """Of the machine that answers this."""
    return _all(request, now=now)


@router.put(
    "/address-ranges/{name}",
    summary="Load or replace a list of address ranges",
    openapi_extra=_FILE,
)
async def put_address_ranges(
    *,
    name: str,
    request: Request,
    who: Who,
    now: Now,
    of_class: Annotated[
        Literal["datacenter", "vendor", "people"] | None,
        Query(alias="class", description="of all of it; else as its form and its lines say"),
    ] = None,
) -> RangeListOut:
    """The body is the file, 32 MB at most. 422 names the first line that cannot be read.

    A list that is refused changes nothing. Processes have a new one within seconds.
    """
    folder = request.app.state.house.ranges
    assumed = range_lists.class_named(of_class) if of_class else None
    async with pieces(request, request.app.state.house.imports) as stream:
        source = await run_in_threadpool(
            range_files.take_in, folder, stream, name=name, assumed=assumed, now=now
        )
    await run_in_threadpool(requests_noted.done, request, who, source.name, sha256=source.sha256)
    return _shown(source, now=now)


@router.delete("/address-ranges", summary="Go back to the built-in address ranges")
def reset_address_ranges(request: Request, who: Who, now: Now) -> AddressRangesOut:
    """Every list of this machine is forgotten."""
    gone = range_files.back_to_built_in(request.app.state.house.ranges)
    requests_noted.done(request, who, "", lists=", ".join(gone))
    return _all(request, now=now)


@router.delete("/address-ranges/{name}", status_code=204, summary="Remove a list of address ranges")
def remove_address_ranges(name: str, request: Request, who: Who) -> None:
    """What came meanwhile stays as it was placed."""
    range_files.take_out(request.app.state.house.ranges, name)
    requests_noted.done(request, who, name)


def _all(request: Request, *, now: datetime) -> AddressRangesOut:
    house = request.app.state.house
    sources = range_files.sources(house.ranges)
    return AddressRangesOut(
        machine=house.folder.host,
        built_in=BuiltInOut(
            dated=date.fromisoformat(ranges.BUILT_IN_DATE), networks=ranges.built_in_networks()
        ),
        lists=[_shown(source, now=now) for source in sources],
        warning=range_files.stale_in_words(sources, now=now) or None,
    )


def _shown(source: Source, *, now: datetime) -> RangeListOut:
    return RangeListOut(
        name=source.name,
        dated=date.fromisoformat(source.dated),
        loaded_at=datetime.fromisoformat(source.loaded_at),
        sha256=source.sha256,
        networks=source.networks,
        stale=source.is_stale(now=now),
    )
