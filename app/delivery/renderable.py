"""Can every version be composed for this person? Whoever asks gets the sender's own answer.

The finished mail is made (headers, links, HTML, text), and the answer page: after the
release nothing fails for its content.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from app.audience.columns import Columns
from app.audience.consent import COUNTS_NOWHERE
from app.audience.members import Member
from app.delivery import answers_page
from app.delivery.mail import cells, filling
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.broken import MissingColumn
from app.delivery.mail.cells import MisfitCell
from app.delivery.mail.compose import compose_arm
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.deliverability import longest_html
from app.delivery.mail.filling import Filler
from app.delivery.mail.letterhead import frame, letterhead
from app.delivery.mail.mime import Mail
from app.experiments.design_schemas import Draft
from app.experiments.part_schemas import Arm
from app.experiments.ports import Fault, Reason
from app.languages.words import ENGLISH
from app.links.keyring import Keyring
from app.platform.bounded import OverLimit
from app.platform.config import Settings
from app.platform.errors import AppError, Unavailable

_OURS = {"unsubscribe_url"}
_SET_ID = (1 << 32) - 1  # the widest numbers: a link is never longer than it was here
_SEND_ID = (1 << 63) - 1
_MOMENT = re.compile(r"\b(?:now|today)\b")
_AT_A_TIME = 100  # people whose mails are held in memory at once


class LiquidRenderable:
    """Answers `experiments.ports.Renderable`."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._settings, self._keyring = settings, keyring

    @cached_property
    def frame(self) -> str:
        """What stands around the words of every mail: settings and templates, hashed."""
        head = letterhead(self._settings, experiment_id="", sender={})
        return hashlib.sha256(f"{head}\n{frame()}".encode()).hexdigest()

    def day(self, design: Draft, *, now: datetime) -> str:
        """The day of a release at this moment, where a version asks for it; else nothing."""
        asks = any(map(_asks_for_the_moment, design.arms))
        return f"{now.astimezone(self._settings.zone):%Y-%m-%d}" if asks else ""

    def writer(
        self, experiment_id: str, design: Draft, columns: Columns, *, now: datetime
    ) -> "LiquidWriter":
        """Prepare every version of a design; where one is broken, it is for everybody."""
        here = now.astimezone(self._settings.zone)
        try:
            return self._writer(experiment_id, design, columns, now=here)
        except Unavailable:
            raise  # nobody's content is broken because we are busy
        except AppError as error:
            return LiquidWriter([], [], columns, self._keyring, now=here, broken=str(error))

    def _writer(
        self, experiment_id: str, design: Draft, columns: Columns, *, now: datetime
    ) -> "LiquidWriter":
        head = letterhead(
            self._settings,
            experiment_id=experiment_id,
            sender=design.sender.model_dump(),
            language=design.language,
        )
        hidden = "/" if design.honeypot else None
        arms = [arm.model_dump(mode="json") for arm in design.arms]
        return LiquidWriter(
            [
                compose_arm(arm, head=head, columns=columns, set_id=_SET_ID, hidden_address=hidden)
                for arm in arms
            ],
            [answers_page.template_of(arm["answer"])[1] for arm in arms if arm.get("answer")],
            columns,
            self._keyring,
            now=now,
            language=design.language,
        )


class LiquidWriter:
    """Answers `experiments.ports.Writer`."""

    def __init__(
        self,
        arms: Sequence[ComposedArm],
        answers: Sequence[Filler],
        columns: Columns,
        keyring: Keyring,
        *,
        now: datetime,
        language: str = ENGLISH,
        broken: str | None = None,
    ) -> None:
        self._arms, self._answers = arms, answers
        self._columns, self._keyring, self._now = columns, keyring, now
        self._language = language
        self._broken = Fault(Reason.UNWRITABLE, broken) if broken else None
        self.longest = 0

    @property
    def columns_used(self) -> frozenset[str]:
        """Every name that some version prints or looks at."""
        names = (*(arm.names for arm in self._arms), *(answer.columns for answer in self._answers))
        return frozenset[str]().union(*names) - _OURS

    @property
    def asked_alone(self) -> frozenset[str]:
        """Of these, those that some condition asks for without comparing."""
        names = (*(arm.alone for arm in self._arms), *(answer.alone for answer in self._answers))
        return frozenset[str]().union(*names) - _OURS

    @property
    def asked_made(self) -> frozenset[str]:
        """And those of which some condition asks for what a filter made of them."""
        names = (*(arm.made for arm in self._arms), *(answer.made for answer in self._answers))
        return frozenset[str]().union(*names) - _OURS

    def faults(self, people: Sequence[tuple[Member, Mapping[str, object]]]) -> list[Fault | None]:
        """Why some version cannot be written for each of them; None where all can."""
        faults: list[Fault | None] = []
        for start in range(0, len(people), _AT_A_TIME):
            faults += self._some(people[start : start + _AT_A_TIME])
        return faults

    def _some(self, people: Sequence[tuple[Member, Mapping[str, object]]]) -> list[Fault | None]:
        if self._broken:
            return [self._broken] * len(people)
        errors: list[AppError | None] = [None] * len(people)
        for written in self._every(people):
            errors = [_earlier(*both) for both in zip(errors, written, strict=True)]
        return [self._fault(error) if error else None for error in errors]

    def _every(
        self, people: Sequence[tuple[Member, Mapping[str, object]]]
    ) -> Iterator[Sequence[object]]:
        """What every version says to these people, version by version, and every answer page."""
        addressees = [_addressee(member, row) for member, row in people]
        for arm in self._arms:
            made = arm.fill_all(addressees, keyring=self._keyring, now=self._now)
            mails = (mail for mail in made if isinstance(mail, Mail))
            self.longest = max(self.longest, longest_html(mails))
            yield [mail if isinstance(mail, AppError) else None for mail in made]
        for filler in self._answers:
            rows = [self._seen(row, filler) for _, row in people]
            yield filling.fill_all([filler], rows)

    def _seen(self, row: Mapping[str, object], filler: Filler) -> dict[str, object] | MisfitCell:
        return cells.seen(
            row, filler.columns, self._columns, now=self._now, language=self._language
        )

    def _fault(self, error: AppError) -> Fault:
        if isinstance(error, MissingColumn):
            return Fault(Reason.MISSING, error.column)
        if isinstance(error, MisfitCell):
            return Fault(Reason.MISFIT, error.column, error.reason)
        fault = Fault(Reason.UNWRITABLE, str(error))
        if isinstance(error, OverLimit):  # nobody waits for it a second time
            self._broken = fault
        return fault


def _asks_for_the_moment(arm: Arm) -> bool:
    texts = (arm.subject, arm.preheader, arm.body, arm.answer)
    pieces = (piece.partition("}")[0] for text in texts for piece in (text or "").split("{")[1:])
    return any(map(_MOMENT.search, pieces))


def _addressee(member: Member, row: Mapping[str, object]) -> Addressee:
    return Addressee(
        email=member.email,
        person_id=member.person_id,
        columns=row,
        mail_id=member.person_id,
        may=COUNTS_NOWHERE,
        send_id=_SEND_ID,
    )


def _earlier(first: AppError | None, app_error: object) -> AppError | None:
    return first or (app_error if isinstance(app_error, AppError) else None)
