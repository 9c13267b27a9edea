"""What the outside may send about features and their slices."""

from typing import Annotated

from pydantic import Field

from app.experiments.vocabulary import Riskiest
from app.platform.texts import Document, Id, NameLine, Text


class FeatureDraft(Document):
    """What might be built."""

    title: NameLine
    problem: Text = ""
    key_result_id: Id | None = None
    team_ids: list[Id] = Field(default=[], max_length=100)
    full_build_weeks: Annotated[float, Field(ge=0, le=10_000)] | None = None


class FeatureChanges(Document):
    """Some fields of a feature; what isn't sent stays as it is."""

    title: NameLine = ""
    problem: Text = ""
    key_result_id: Id | None = None
    team_ids: list[Id] = Field(default=[], max_length=100)
    full_build_weeks: Annotated[float, Field(ge=0, le=10_000)] | None = None


class SliceDraft(Document):
    """One thin, shippable, measurable part of a feature."""

    feature_id: Id
    title: NameLine
    assumption: Text = ""
    riskiest: Riskiest | None = None
    order: Annotated[int, Field(ge=0, le=10_000)] | None = None


class SliceChanges(Document):
    """Some fields of a slice; what isn't sent stays as it is."""

    title: NameLine = ""
    assumption: Text = ""
    riskiest: Riskiest | None = None
    order: Annotated[int, Field(ge=0, le=10_000)] = 0
