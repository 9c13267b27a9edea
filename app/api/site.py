"""All of the API under one roof: its routers, its errors, its document."""

from fastapi import APIRouter, FastAPI

from app.api import (
    address_ranges,
    allocation,
    audience_queries,
    audiences,
    audit,
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
    imports,
    invitations,
    key_results,
    late_links,
    learnings,
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


def install(application: FastAPI) -> None:
    """Add every noun. The pages' error handler asks `problems` for what begins with PREFIX."""
    roof = APIRouter(responses=problems.ERRORS)
    for noun in (
        audiences,
        audience_queries,
        imports,
        mended_lines,
        people,
        suppressions,
        objectives,
        cycles,
        key_results,
        past_values,
        goal_imports,
        unusual_weeks,
        features,
        experiments,
        plans,
        draft_versions,
        late_links,
        readouts,
        replies,
        share_links,
        conversions,
        connectors,
        webhooks,
        pushes,
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
    ):
        roof.include_router(noun.router)
    roof.include_router(imports.streamed)
    application.include_router(roof)
    application.include_router(docs.router)
    document.complete(application, prefix=PREFIX)
