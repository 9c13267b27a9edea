"""Routers, found by how an address begins: a request is held against a few patterns, not hundreds.

FastAPI asks every router for every address, one pattern after the other, and those that include it
once more; a plain page took longer to be found than to be written.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

EVERY = "thinslice.every"  # in a scope: every route is asked, so that what it takes is worked out


class Shelf(APIRouter):
    """Routers of which none is asked for an address that begins otherwise than each of theirs.

    `place` is which part of an address tells them from others: 1 is the first.
    """

    def __init__(self, *routers: APIRouter, place: int = 1, **given: Any) -> None:
        super().__init__(**given)
        for router in routers:
            self.include_router(router)
        self._place = place
        self._begins = frozenset(_part(path, place) for path in _paths(self.routes))
        if any("{" in part for part in self._begins):
            raise ValueError("a route whose address begins with anything stands on no shelf")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it holds the route that is asked for."""
        path, root = scope["path"], scope.get("root_path", "")
        if f"{path}/".startswith(f"{root}/"):  # else it is beside where we are served
            path = path.removeprefix(root)
        if _part(path, self._place) in self._begins or EVERY in scope:
            return super().matches(scope)
        return _NOT_HERE


_NOT_HERE: tuple[Match, Scope] = (Match.NONE, {})


def _part(path: str, place: int) -> str:
    parts = path.split("/", place + 1)
    return parts[place] if len(parts) > place else ""


def _paths(routes: list[BaseRoute]) -> Iterator[str]:
    """The address of each, those of routers within among them."""
    for route in routes:
        within: APIRouter | None = getattr(route, "original_router", None)
        if within is None:
            yield str(vars(route)["path"])
        else:
            yield from _paths(within.routes)
