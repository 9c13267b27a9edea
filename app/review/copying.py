"""Make a cycle from a playbook: the next quarter, or another organisation's first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.allocation import roster
from app.allocation import store as allocation
from app.allocation.schemas import BucketsDraft, SettingsDraft
from app.experiments import template_rows, templates
from app.okr import outcomes, store
from app.okr.models import Cycle
from app.okr.schemas import CycleDraft, ObjectiveDraft, TeamDraft
from app.review.playbook import CopyDraft, ObjectivePart, Playbook, SurveyPart


@dataclass(frozen=True, slots=True)
class Copied:
    """What was made; what was there by that name stays as it is."""

    cycle: Cycle
    objectives: int
    key_results: int
    teams: int
    templates: int


def copy(session: Session, book: Playbook, draft: CopyDraft, *, by: str, now: datetime) -> Copied:
    """A cycle with the playbook's objectives; teams are found by name, or added.

    Raises:
        Conflict: there is a cycle of that name.
    """
    ends = draft.ends or draft.starts + timedelta(days=book.cycle.days - 1)
    cycle = outcomes.add_cycle(session, CycleDraft(name=draft.name, starts=draft.starts, ends=ends))
    before = len(store.teams(session))
    for objective in book.objectives:
        _objective(session, cycle, objective, now=now)
    return Copied(
        cycle=cycle,
        objectives=len(book.objectives),
        key_results=sum(len(objective_part.key_results) for objective_part in book.objectives),
        teams=len(store.teams(session)) - before,
        templates=_templates(session, book, by=by, now=now),
    )


def set_survey(session: Session, survey: SurveyPart, *, now: datetime) -> None:
    """Take over times, mode and buckets; a bucket that is known by its name stays the same one."""
    times = survey.model_dump(exclude={"buckets"})
    roster.put_settings(session, SettingsDraft.model_validate(times))
    if survey.buckets:
        known = {bucket.name.casefold(): bucket for bucket in allocation.buckets(session)}
        items = [
            bucket_draft.model_copy(update={"id": same.id})
            if (same := known.get(bucket_draft.name.casefold()))
            and same.elective == bucket_draft.elective
            else bucket_draft
            for bucket_draft in survey.buckets
        ]
        roster.put_buckets(session, BucketsDraft(items=items), now=now)


def _objective(session: Session, cycle: Cycle, part: ObjectivePart, *, now: datetime) -> None:
    draft = ObjectiveDraft(
        title=part.title,
        cycle_id=cycle.id,
        team_ids=_team_ids(session, part.teams),
        owner=part.owner,
    )
    row = outcomes.add_objective(session, draft, now=now)
    for key_result in part.key_results:
        outcomes.add_key_result(
            session, key_result.model_copy(update={"objective_id": row.id}), now=now
        )


def _team_ids(session: Session, teams: Iterable[TeamDraft]) -> list[str]:
    found = (
        store.team_named(session, team_draft.name) or outcomes.add_team(session, team_draft)
        for team_draft in teams
    )
    return [team.id for team in found]


def _templates(session: Session, book: Playbook, *, by: str, now: datetime) -> int:
    new = [
        experiment
        for experiment in book.experiments
        if template_rows.named(session, experiment.name) is None
    ]
    for template_draft in new:
        templates.keep(session, template_draft, by=by, now=now)
    return len(new)
