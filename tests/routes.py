"""Every page and list of the route table, with addresses of an estate's rows; queries counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine, event

from app.identity import callers
from app.platform import clock
from app.platform.iso_weeks import week_of

Counting = list[str]
OF_SYSTEMS = (callers.API, callers.METRICS, callers.AGENTS)  # a token is asked for, no cookie

# What stands for a part of an address. Experiments stand for their state: decided, measuring, …
_PARTS = {
    "key_result_id": ("k0000",),
    "feature_id": ("f000000",),
    "slice_id": ("s000000",),
    "audience_id": ("audience",),
    "cycle_id": ("c1",),
    "objective_id": ("o0000",),
    "step": ("believe", "people", "mail", "count"),
}
# Addresses of one row that no estate holds, and files: nothing there grows with what there is.
ALONE = frozenset(
    {
        "arm", "mail_id", "import_id", "person_id", "token", "topic", "name", "template_id",
        "connector_id", "webhook_id", "respondent_id", "send_id", "user_id", "link", "page",
        "playbook_id", "number", "folder_id", "push_id", "guide", "item_id", "kind", "key", "date",
        "session_id", "invitation_id", "grant_id", "comment_id", "notice_id",
        "image_id",
        "check_in_id",
    }
)  # fmt: skip


def routes(application: FastAPI) -> list[APIRoute]:
    """Every route, however routers are nested."""
    found: dict[tuple[str, str], APIRoute] = {}
    waiting: list[Any] = list(application.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found[route.path, min(route.methods or {"GET"})] = route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            waiting += getattr(inner, "routes", [])
    return [found[key] for key in sorted(found)]


def lists(application: FastAPI, experiments: tuple[str, ...]) -> list[str]:
    """The addresses of those that are asked for page by page, with a limit."""
    return addresses(application, experiments, of=_has_limit)


def _has_limit(route: APIRoute) -> bool:
    return any(one.name == "limit" for one in route.dependant.query_params)


def addresses(
    application: FastAPI,
    experiments: tuple[str, ...] = ("e000000",),
    *,
    of: Callable[[APIRoute], bool] = lambda _route: True,
) -> list[str]:
    """What a browser or a system can ask for: an address for each route that reads."""
    week = week_of(clock.now().date())
    parts = _PARTS | {"experiment_id": experiments, "week": (week,)}
    found: list[str] = []
    for route in routes(application):
        names = set(route.param_convertors)
        if "GET" not in (route.methods or ()) or names & ALONE or not of(route):
            continue
        unknown = names - parts.keys()
        assert not unknown, f"{route.path}: say in tests/routes.py what stands for {unknown}"
        filled = [route.path]
        for name in names:
            filled = [one.replace(f"{{{name}}}", part) for one in filled for part in parts[name]]
        found += filled
    return found


@contextmanager
def counting(engine: Engine) -> Iterator[Counting]:
    """The questions that are put to a database meanwhile."""
    asked: Counting = []

    def note(*given: Any) -> None:
        if not given[2].startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            asked.append(given[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
