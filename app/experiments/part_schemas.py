"""What the outside may send about parts of an experiment, and what people are asked for each field.

The test card, who is left out, the mail, its versions, and the key result that it should move.
"""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.experiments import fits
from app.experiments.rule_schemas import Share
from app.experiments.vocabulary import Format, MailDays, Mode, ReachPer
from app.platform.asked import Asked, Kind, Looks, Questions
from app.platform.days import Moment
from app.platform.texts import Address, Id, Line, NameLine, Text

_SLUG = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_SENTENCE = Looks(rows=2)
_BELIEVE = Asked(
    "We believe that …",
    "Who will do what, and why.",
    told="We believe",
    looks=Looks(
        rows=2,
        example="Bakers will act on waste when it is told in euros, because a share means nothing"
        " to them.",
    ),
)


class Hypothesis(Questions):
    """The test card."""

    believe: Annotated[Text, _BELIEVE] = ""
    verify: Annotated[Text, Asked("To verify, we will …", told="To verify", looks=_SENTENCE)] = ""
    measure: Annotated[Text, Asked("And measure …", told="We measure", looks=_SENTENCE)] = ""
    right_if: Annotated[Text, Asked("We are right if …", told="Right if", looks=_SENTENCE)] = ""


_COOLING_OFF = Asked("Leave out whoever had a mail within", unit="days", told="Left out")


class Exclusions(Questions):
    """Who is left out for what they were in before."""

    experiment_ids: Annotated[
        list[Id], Asked("Leave out people of", name="exclude", kind=Kind.TICKS)
    ] = Field(default=[], max_length=200)
    cooling_off_days: Annotated[int, Field(ge=0, le=3_650), _COOLING_OFF] = 0


class Sender(Questions):
    """Who the mail is from, and where answers go."""

    from_name: Annotated[Line | None, Asked("Sender’s name")] = None
    reply_to: Annotated[Address | None, Asked("Answers go to", looks=Looks(type="email"))] = None


_OPENS = Asked("Mails leave from", unit="o’clock", name="hours_from", told="Mails leave")
_CLOSES = Asked("And no more after", unit="o’clock", name="hours_to")
_DAYS = Asked(
    "On which days",
    name="hours_days",
    choices=((MailDays.EVERY, "On every day"), (MailDays.WORKING, "Monday to Friday")),
)
_ZONE_COLUMN = Asked(
    "In whose time (column)",
    "The column with each person’s time zone, such as Europe/Oslo. Empty, or none there: the"
    " organisation’s time zone.",
    name="hours_zone",
    looks=Looks(example="timezone"),
)


class MailHours(Questions):
    """The hours in which mails leave: from the first on, and no more once the last has come."""

    opens: Annotated[int, Field(ge=0, le=23), _OPENS] = 0
    closes: Annotated[int, Field(ge=1, le=24), _CLOSES] = 24
    days: Annotated[MailDays, _DAYS] = MailDays.EVERY
    zone_column: Annotated[NameLine | None, _ZONE_COLUMN] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        fits.refuse(fits.of_hours(self.opens, self.closes, self.zone_column))
        return self

    @property
    def are_all(self) -> bool:
        """Mails leave at any time."""
        return (self.opens, self.closes, self.days) == (0, 24, MailDays.EVERY)


_PREHEADER = Asked(
    "Preheader",
    "The grey line that inboxes show after the subject.",
    again="Its preheader",
)
_FORMAT = Asked(
    "Form of the body",
    again="Form of its body",
    choices=((Format.MARKDOWN, "Markdown: words"), (Format.MJML, "MJML: a layout")),
)
_BODY = Asked("Body", again="Its body", looks=Looks(rows=12, is_code=True))
_ANSWER = Asked(
    "Answer page",
    "What [text](answer:) leads to, in Markdown and Liquid. A question “Was this useful?” follows"
    " by itself.",
    again="Its answer page",
    looks=Looks(rows=5, is_code=True),
)


class Arm(Questions):
    """One version of the treatment."""

    key: Annotated[str, StringConstraints(pattern=_SLUG)]
    weight: Annotated[float, Field(gt=0, le=1_000)] = 1
    subject: Annotated[Line, Asked("Subject", again="Subject of the second version")] = ""
    preheader: Annotated[Line | None, _PREHEADER] = None
    format: Annotated[Format, _FORMAT] = Format.MARKDOWN
    body: Annotated[Text, _BODY] = ""
    answer: Annotated[Text | None, _ANSWER] = None


_MODE = Asked(
    "What the result does there",
    choices=(
        (Mode.EVIDENCE, "Stands beside it as evidence; the value is not touched"),
        (Mode.DIRECT, "Is its value: one a run, when the windows have closed"),
        (Mode.CONTRIBUTION, "Adds what came on top of the group that got nothing"),
    ),
)
_OFTEN = Asked("How often", choices=((ReachPer.ONCE, "Once"), (ReachPer.WEEK, "Every week")))


class KeyResultLink(Questions):
    """The key result that the result is meant to move, with what the author assumes."""

    key_result_id: Annotated[Id, Asked("Key result", kind=Kind.CHOICE)]
    mode: Annotated[Mode, _MODE] = Mode.EVIDENCE
    reach: Annotated[Annotated[float, Field(ge=0)] | None, Asked("Reaches", unit="people")] = None
    reach_per: Annotated[ReachPer, _OFTEN] = ReachPer.ONCE
    carry: Annotated[Share | None, Asked("Of those who click, moved", unit="%")] = None
    per_hit: Annotated[float, Asked("Each moves it by", "In the key result’s unit.")] = 1
    linked_at: Moment | None = Field(
        default=None, description="said by us: when it was linked, if that was after the launch"
    )
