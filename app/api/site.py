"""All of the API under one roof: its routers, its errors, its document."""

from fastapi import FastAPI

from app.api import (
    address_ranges,
    allocation,
    audience_queries,
    audiences,
    audit,
    check_ins,
    comments,
    connectors,
    conversions,
    cycles,
    data_folders,
    digest,
    docs,
    document,
    draft_versions,
    experiments,
    features,
    goal_imports,
    hooks,
    images,
    imports,
    invitations,
    key_results,
    late_links,
    learnings,
    link_checks,
    mended_lines,
    notices,
    objectives,
    past_values,
    people,
    plans,
    playbooks,
    problems,
    pushes,
    put_off,
    readouts,
    replies,
    respondents,
    share_links,
    suppressions,
    unusual_weeks,
    users,
    webhooks,
    weeks,
)
from app.api.address import PREFIX
from app.identity.shelves import Shelf

_NOUN = 3  # which part of an address: /api/v1/experiments


def install(application: FastAPI) -> None:
    """Add every noun. The pages' error handler asks `problems` for what begins with PREFIX."""
    nouns = (
        audiences,
        audience_queries,
        imports,
        mended_lines,
        people,
        suppressions,
        objectives,
        cycles,
        key_results,
        check_ins,
        past_values,
        goal_imports,
        unusual_weeks,
        features,
        experiments,
        plans,
        draft_versions,
        late_links,
        link_checks,
        images,
        readouts,
        replies,
        share_links,
        conversions,
        connectors,
        webhooks,
        pushes,
        hooks,
        digest,
        allocation,
        respondents,
        weeks,
        learnings,
        playbooks,
        data_folders,
        address_ranges,
        users,
        invitations,
        put_off,
        audit,
        comments,
        notices,
    )
    routers = (*(noun.router for noun in nouns), imports.streamed)
    shelves = (Shelf(router, place=_NOUN) for router in routers)
    application.include_router(Shelf(*shelves, responses=problems.ERRORS))
    application.include_router(docs.router)
    document.complete(application, prefix=PREFIX)
