"""All pages under one roof: their routers, the static files, the headers, the errors."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from app.web import (
    address_ranges,
    answers,
    audiences,
    board,
    columns,
    connections,
    conversions,
    customers,
    cycles,
    data_folders,
    decisions,
    drafting,
    errors,
    events,
    experiment_templates,
    experiments,
    features,
    friday,
    guides,
    histories,
    imports,
    key_results,
    launches,
    learnings,
    objectives,
    outbox,
    outcomes,
    people,
    playbooks,
    previews,
    pushes,
    put_off,
    readouts,
    removals,
    respondents,
    reviews,
    robots,
    sessions,
    slices,
    suppressions,
    time_settings,
    time_spent,
    tokens,
    unsubscribes,
    weeks,
)
from app.web.assets import ASSETS
from app.web.head import Head
from app.web.headers import Headers

routers: tuple[APIRouter, ...] = tuple(
    noun.router
    for noun in (
        sessions,
        weeks,
        reviews,
        outcomes,
        playbooks,
        cycles,
        objectives,
        histories,
        key_results,
        pushes,
        board,
        features,
        slices,
        audiences,
        imports,
        columns,
        customers,
        suppressions,
        conversions,
        drafting,
        experiment_templates,
        experiments,
        previews,
        launches,
        readouts,
        decisions,
        removals,
        events,
        outbox,
        learnings,
        time_settings,
        respondents,
        time_spent,
        people,
        tokens,
        connections,
        data_folders,
        address_ranges,
        put_off,
        guides,
        unsubscribes,
        answers,
        friday,
        robots,
    )
)
_MACHINES = ("/api/", "/hooks/", "/health", "/ready", "/metrics", "/openapi.json")


def install(application: FastAPI, problems: errors.Problems) -> None:
    """Add every page. `problems` writes the errors of what machines ask for (app.api.problems)."""
    _install(application, routers, problems)


def install_ways_out(application: FastAPI, problems: errors.Problems) -> None:
    """Add what a host of links must have beside them: the ways out of mail, and no crawlers."""
    _install(application, (unsubscribes.router, robots.router), problems)


def _install(application: FastAPI, routers: Sequence[APIRouter], problems: errors.Problems) -> None:
    for router in routers:
        application.include_router(router, include_in_schema=False)
    application.mount("/static", ASSETS)
    errors.install(application, problems, machines=_MACHINES)


def outside(application: ASGIApp, *, secure: bool) -> ASGIApp:
    """What is around everything: headers on every answer, the broken ones', too, and HEAD."""
    return Headers(Head(application), secure=secure)
