"""What the outside may send about time."""

from typing import Annotated, Literal

from pydantic import AfterValidator, EmailStr, Field, model_validator

from app.allocation.calendar import Schedule
from app.allocation.models import Mode
from app.platform.texts import Name, Trimmed
from app.platform.weekly import week_time_of, written

Percent = Annotated[int, Field(ge=0, le=100, strict=True)]
# Steps of a twentieth from a tenth on: finer ones would let a sum of answers be taken apart again.
Fte = Annotated[float, Field(ge=0.1, le=1, multiple_of=0.05)]
# Of Friday's mail and page; empty: an English mail, and a page as their browser asks.
Spoken = Literal["", "en", "de", "fr", "es", "nb"]
_CLOSE = 1e-6  # how far targets may be from adding up, for rounding


class BucketDraft(Trimmed):
    """A kind of work; with an id it is one that exists, renamed or moved."""

    id: str | None = None
    name: Name
    elective: bool
    target: Annotated[float, Field(ge=0, le=1)] | None = None


class BucketsDraft(Trimmed):
    """All buckets in their order; one that is left out is retired."""

    items: Annotated[list[BucketDraft], Field(min_length=2, max_length=20)]

    @model_validator(mode="after")
    def _both_kinds(self) -> "BucketsDraft":
        if len({bucket.elective for bucket in self.items}) == 1:
            raise ValueError("name at least one elective and one non-elective bucket")
        if len({bucket.name.casefold() for bucket in self.items}) < len(self.items):
            raise ValueError("two buckets have the same name")
        targets = [bucket.target for bucket in self.items if bucket.elective]
        known = [target for target in targets if target is not None]
        if known and (len(known) < len(targets) or abs(sum(known) - 1) > _CLOSE):
            raise ValueError(
                "the elective targets are shares of elective time: they add up to 100 %"
            )
        return self


def _as_written(text: str) -> str:
    return written(week_time_of(text))


WeekTimeText = Annotated[str, Field(max_length=40), AfterValidator(_as_written)]


class SettingsDraft(Trimmed):
    """Who answers, and when the week opens, reminds and closes, in the organisation's zone."""

    mode: Mode = Mode.TEAM
    opens: WeekTimeText = "friday 14:00"
    reminds: WeekTimeText = "next monday 09:00"
    closes: WeekTimeText = "next monday 10:00"

    def schedule(self) -> Schedule:
        """The times. Raises Invalid where they are out of order."""
        return Schedule(*map(week_time_of, (self.opens, self.reminds, self.closes)))


class RespondentDraft(Trimmed):
    """Somebody who answers for a team, or for themselves.

    Without `asked_time` they are asked for their own key results only. `language` is that of
    Friday's mail and page; empty, the mail is English and the page as their browser asks.
    """

    name: Name
    email: EmailStr
    team_id: str | None = None
    fte: Fte = 1.0
    active: bool = True
    asked_time: bool = True
    language: Spoken = ""


class RespondentChanges(Trimmed):
    """What may change about a respondent; what is left out stays."""

    name: Name | None = None
    team_id: str | None = None
    fte: Fte | None = None
    active: bool | None = None
    asked_time: bool | None = None
    language: Spoken | None = None


class AnswerDraft(Trimmed):
    """Where the week went: whole percent by bucket; a bucket that is left out got nothing."""

    shares: Annotated[dict[str, Percent], Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=1000)] = ""
