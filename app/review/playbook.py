"""The playbook as one document: a cycle, its cadence and survey, and experiment templates."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date as Date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from sqlmodel import Session

from app.allocation import roster
from app.allocation import store as allocation
from app.allocation.models import Bucket
from app.allocation.schemas import BucketDraft, SettingsDraft
from app.experiments import template_rows
from app.experiments.design_schemas import TemplateDraft
from app.okr import list_rows, next_goal, sources, store, views
from app.okr.models import Cycle, KeyResult, ValueSource
from app.okr.schemas import LONGEST_CYCLE, KeyResultDraft, TeamDraft
from app.platform.days import Day
from app.platform.texts import Name, Trimmed

_MOST = 200


class KeyResultPart(KeyResultDraft):
    """A key result without the objective that it gets."""

    objective_id: str = ""


class ObjectivePart(Trimmed):
    """An objective with the teams that share it."""

    title: Name
    owner: Annotated[str, Field(max_length=200)] = ""
    teams: list[TeamDraft] = Field(default=[], max_length=50)
    key_results: list[KeyResultPart] = Field(default=[], max_length=_MOST)


class SurveyPart(SettingsDraft):
    """Who answers where the time went, when, and what is asked for."""

    buckets: list[BucketDraft] = Field(default_factory=list, max_length=20)


class CyclePart(Trimmed):
    """What the cycle was called, and how long it is."""

    name: Name
    days: Annotated[int, Field(ge=2, le=3660)]


class Playbook(Trimmed):
    """What the YAML file holds."""

    thinslice_playbook: Literal[1] = 1
    cycle: CyclePart
    objectives: list[ObjectivePart] = Field(default=[], max_length=_MOST)
    digest: Annotated[str | None, Field(description="`monday 10:00`; null: no digest")] = None
    survey: SurveyPart | None = None
    experiments: list[TemplateDraft] = Field(default=[], max_length=_MOST)


class CopyDraft(Trimmed):
    """The cycle that is made: its name and days."""

    name: Name
    starts: Day
    ends: Day | None = Field(default=None, description="null: as long as the one in the template")
    begin_at_current: bool = Field(
        default=False,
        description="key results begin where they stand now and go as far again",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends is not None and self.ends <= self.starts:
            raise ValueError("ends must come after starts")
        if self.ends is not None and self.ends - self.starts > LONGEST_CYCLE:
            raise ValueError("a cycle lasts twenty years at most")
        return self


def playbook_of(
    session: Session,
    cycle: Cycle,
    *,
    today: Date,
    digest: str | None = None,
    begin_at_current: bool = False,
    in_house: bool = False,
) -> Playbook:
    """A cycle as a template.

    `in_house`: addresses and queries that values are read from, and owners, go along. A file that
    leaves the house has none: they may hold secrets, and name people.
    """
    objectives = store.objectives(session, cycle_id=cycle.id)
    ids = [objective.id for objective in objectives]
    rows, teams = list_rows.by_objective(session, ids), list_rows.teams_by_objective(session, ids)
    every = [row for one in ids for row in rows[one]]
    now_at = _current(session, every, today=today) if begin_at_current else {}
    reads = list_rows.sources_of(session, [row.id for row in every]) if in_house else {}

    def key_result(row: KeyResult) -> KeyResultPart:
        written = _written(row, reads.get(row.id)) | _moved(row, now_at.get(row.id))
        return KeyResultPart.model_validate(written if in_house else written | {"owner": ""})

    return Playbook(
        cycle=CyclePart(name=cycle.name, days=(cycle.ends - cycle.starts).days + 1),
        objectives=[
            ObjectivePart(
                title=objective.title,
                owner=objective.owner if in_house else "",
                teams=[
                    TeamDraft(name=team.name, function=team.function)
                    for team in teams[objective.id]
                ],
                key_results=[key_result(row) for row in rows[objective.id]],
            )
            for objective in objectives
        ],
        digest=digest,
        survey=_survey(session),
        experiments=[
            TemplateDraft(
                name=experiment_template.name,
                about=experiment_template.about,
                design=experiment_template.design,
            )
            for experiment_template in template_rows.every(session)
        ],
    )


def _written(row: KeyResult, read: ValueSource | None) -> dict[str, Any]:
    names = set(KeyResultDraft.model_fields) - {"objective_id", "http", "sql"}
    written = {name: getattr(row, name) for name in names}
    if row.source not in {"http", "sql"}:
        return written
    if read is None:
        return written | {"source": "manual"}
    return written | {row.source: sources.settings_of(row.source, read)}


def _current(session: Session, rows: Sequence[KeyResult], *, today: Date) -> dict[str, float]:
    """Where key results stand, those that have a value."""
    seen = views.several(session, rows, today=today)
    return {
        key_result_view.row.id: key_result_view.current
        for key_result_view in seen
        if key_result_view.current is not None
    }


def _moved(row: KeyResult, current: float | None) -> dict[str, Any]:
    """From where it stands, as far again; where no way is left it stays as it was."""
    goal = next_goal.proposed(row, current) if current is not None else None
    return asdict(goal) if goal else {}


def _survey(session: Session) -> SurveyPart:
    return SurveyPart(
        **roster.settings_shown(session).model_dump(),
        buckets=[_bucket(bucket) for bucket in allocation.buckets(session)],
    )


def _bucket(row: Bucket) -> BucketDraft:
    return BucketDraft(name=row.name, elective=row.elective, target=row.target)
