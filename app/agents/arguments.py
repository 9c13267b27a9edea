"""What each tool takes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.experiments.design_schemas import Changes, Draft
from app.experiments.models import Status
from app.experiments.rule_schemas import Metric, Rule
from app.platform.texts import Document, Id, Line

Next = Annotated[
    str | None, Field(max_length=1000, description="`next` of the answer before, for what follows")
]


class OfExperiment(Document):
    """One experiment."""

    experiment_id: Annotated[Id, Field(description="its id, as list_experiments tells it")]
    next: Next = None


class OfKeyResult(Document):
    """One key result."""

    key_result_id: Annotated[Id, Field(description="its id, as list_key_results tells it")]
    next: Next = None


class ListExperiments(Document):
    """Which experiments."""

    status: Annotated[Status | None, Field(description="only these")] = None
    key_result_id: Annotated[
        Id | None, Field(description="only those that should move this key result")
    ] = None
    cursor: Next = None


class Kind(StrEnum):
    """What there is to be found."""

    EXPERIMENT = "experiment"
    KEY_RESULT = "key_result"
    FEATURE = "feature"
    LEARNING = "learning"


class Search(Document):
    """Words, and what they should stand in."""

    query: Annotated[str, Field(min_length=1, max_length=500)]
    kind: Annotated[Kind | None, Field(description="only these")] = None
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class PlanExperiment(Document):
    """A question, and how many people there are to answer it. Nothing is kept."""

    metric: Metric
    rule: Rule
    people: Annotated[int, Field(ge=1, le=10_000_000)]
    baseline: Annotated[
        float | None,
        Field(gt=0, lt=1, description="the share of people who usually do it; 0.1 is 10 %"),
    ] = None


class PreviewMail(OfExperiment):
    """One version of an experiment's mail."""

    arm: Annotated[str, Field(max_length=40, description="the key of the version")]


class ListKeyResults(Document):
    """Which key results; without a cycle those of every cycle that goes on today."""

    cycle_id: Id | None = None
    stale: Annotated[bool | None, Field(description="only those whose value is overdue")] = None
    next: Next = None


class OfWeek(Document):
    """One week."""

    week: Annotated[str, Field(max_length=20, description="ISO 8601: 2026-W48")]
    next: Next = None


class ListLearnings(Document):
    """Words that learnings hold; without words the latest first."""

    query: Annotated[str, Field(max_length=500)] = ""
    cursor: Next = None


class DraftExperiment(Draft):
    """An experiment as the API takes it, and a key so that it is written once."""

    idempotency_key: Annotated[
        str, Field(min_length=1, max_length=255, description="the same one when you try again")
    ]


class UpdateDraft(Document):
    """Each field of `changes` replaces the whole field."""

    experiment_id: Id
    changes: Changes
    version: Annotated[str, Field(max_length=64, description="as get_experiment told it")]


class AskForLaunch(Document):
    """A draft, and what its owner should know."""

    experiment_id: Id
    note: Annotated[Line, Field(min_length=1, max_length=200)]
