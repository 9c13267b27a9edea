"""What each tool takes."""

from typing import Annotated

from pydantic import Field

from app.experiments.models import Status
from app.platform.texts import Document, Id

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
