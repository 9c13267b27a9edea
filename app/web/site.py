"""All pages under one roof: their routers, the static files, the headers, the errors."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from app.identity.shelves import Shelf
from app.web.admin import (
    accounts,
    address_ranges,
    agents,
    audit,
    connections,
    data_folders,
    guides,
    invitations,
    notice_choices,
    people,
    provider_log_in,
    put_off,
    removals,
    second_steps,
    sessions,
    tokens,
)
from app.web.audiences import (
    audience_queries,
    audiences,
    columns,
    conversions,
    customers,
    imports,
    people_lists,
    suppressions,
)
from app.web.experiments import (
    approval_pages,
    checklists,
    decisions,
    draft_versions,
    experiment_comments,
    experiment_list,
    form_pages,
    hits,
    images,
    late_links,
    launches,
    link_checks,
    link_maps,
    outbox,
    pages,
    previews,
    readouts,
    replies,
    shares,
    templates,
)
from app.web.features import (
    board,
    feature_comments,
    features,
    learnings,
    look_ups,
    slices,
)
from app.web.kit import errors
from app.web.kit.assets import ASSETS
from app.web.kit.head import Head
from app.web.kit.headers import Headers
from app.web.outcomes import (
    check_ins,
    cycles,
    goal_imports,
    key_result_comments,
    key_results,
    objectives,
    outcomes,
    past_values,
    playbooks,
    pushes,
)
from app.web.public import answers, charts, friday, robots, unsubscribes
from app.web.public import images as images_in_mails
from app.web.weeks import notices, respondents, reviews, start, time_settings, time_spent, weeks

routers: tuple[APIRouter, ...] = (
    experiment_comments.router,
    feature_comments.router,
    key_result_comments.router,
    *(
        noun.router
        for noun in (
            sessions,
            provider_log_in,
            second_steps,
            agents,
            notice_choices,
            accounts,
            notices,
            weeks,
            start,
            reviews,
            outcomes,
            playbooks,
            cycles,
            objectives,
            past_values,
            goal_imports,
            key_results,
            check_ins,
            pushes,
            board,
            features,
            slices,
            audiences,
            audience_queries,
            imports,
            columns,
            people_lists,
            customers,
            suppressions,
            conversions,
            form_pages,
            templates,
            experiment_list,
            pages,
            previews,
            checklists,
            launches,
            link_maps,
            link_checks,
            images,
            late_links,
            draft_versions,
            approval_pages,
            readouts,
            replies,
            shares,
            decisions,
            removals,
            hits,
            outbox,
            learnings,
            look_ups,
            time_settings,
            respondents,
            time_spent,
            invitations,  # before people: its address is not one of theirs
            people,
            tokens,
            connections,
            data_folders,
            address_ranges,
            put_off,
            audit,
            guides,
            unsubscribes,
            answers,
            images_in_mails,
            charts,
            friday,
            robots,
        )
    ),
)
_MACHINES = (
    "/api/", "/hooks/", "/health", "/ready", "/metrics", "/openapi.json", "/mcp", "/.well-known/",
    "/oauth/token", "/oauth/register", "/oauth/revoke",
)  # fmt: skip


# Beside links: the ways out of mail, what mails show, and no crawlers.
_BESIDE_LINKS = (unsubscribes.router, images_in_mails.router, charts.router, robots.router)


def install(application: FastAPI, problems: errors.Problems) -> None:
    """Add every page. `problems` writes the errors of what machines ask for (app.api.problems)."""
    _install(application, routers, problems)


def install_ways_out(application: FastAPI, problems: errors.Problems) -> None:
    """Add what a host of links must have beside them: the ways out of mail, and no crawlers."""
    _install(application, _BESIDE_LINKS, problems)


def install_nothing(application: FastAPI, problems: errors.Problems) -> None:
    """Add the door and the errors alone, for what serves no page."""
    _install(application, (), problems)


def _install(application: FastAPI, routers: Sequence[APIRouter], problems: errors.Problems) -> None:
    for router in routers:
        application.include_router(Shelf(router), include_in_schema=False)
    application.mount("/static", ASSETS)
    errors.install(application, problems, machines=_MACHINES)


def outside(application: ASGIApp, *, secure: bool) -> ASGIApp:
    """What is around everything: headers on every answer, the broken ones', too, and HEAD."""
    return Headers(Head(application), secure=secure)
