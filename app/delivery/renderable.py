"""Can every version be composed for this person? Whoever asks gets the sender's own answer.

The finished mail is made (headers, links, HTML, text), and the answer page: after the
release nothing fails for its content.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from app.audience.columns import Columns
from app.audience.consent import COUNTS_NOWHERE
from app.audience.members import Member
from app.delivery import answers_page, cells
from app.delivery.cells import MisfitCell
from app.delivery.compose import Addressee, ComposedArm, compose_arm
from app.delivery.filling import Filler
from app.delivery.letterhead import letterhead
from app.delivery.liquid import MissingColumn, TooSlow
from app.experiments.ports import Fault, Reason
from app.experiments.schemas import Draft
from app.links.keyring import Keyring
from app.platform.config import Settings
from app.platform.errors import AppError

_OURS = {"unsubscribe_url"}
_SET_ID = (1 << 32) - 1  # the widest numbers: a link is never longer than it was here
_SEND_ID = (1 << 63) - 1
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # a Date header has one length


class LiquidRenderable:
    """Answers `experiments.ports.Renderable`."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._settings, self._keyring = settings, keyring

    def writer(self, experiment_id: str, design: Draft, columns: Columns) -> "LiquidWriter":
        """Prepare every version of a design; where one is broken, it is for everybody."""
        try:
            return self._writer(experiment_id, design, columns)
        except AppError as error:
            return LiquidWriter([], [], columns, self._keyring, broken=str(error))

    def _writer(self, experiment_id: str, design: Draft, columns: Columns) -> "LiquidWriter":
        head = letterhead(
            self._settings, experiment_id=experiment_id, sender=design.sender.model_dump()
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
        broken: str | None = None,
    ) -> None:
        self._arms, self._answers = arms, answers
        self._columns, self._keyring = columns, keyring
        self._broken = Fault(Reason.UNWRITABLE, broken) if broken else None

    @property
    def columns_used(self) -> frozenset[str]:
        """Every name that some version prints or looks at."""
        names = (*(arm.names for arm in self._arms), *(one.columns for one in self._answers))
        return frozenset[str]().union(*names) - _OURS

    def fault(self, member: Member, row: Mapping[str, object]) -> Fault | None:
        """Why some version cannot be written for this person; None where all can."""
        if self._broken:
            return self._broken
        addressee = Addressee(
            email=member.email,
            person_id=member.person_id,
            columns=row,
            mail_id=member.person_id,
            may=COUNTS_NOWHERE,
            send_id=_SEND_ID,
        )
        try:
            self._compose(addressee)
        except MissingColumn as error:
            return Fault(Reason.MISSING, error.column)
        except MisfitCell as error:
            return Fault(Reason.MISFIT, error.column, error.reason)
        except TooSlow as error:  # nobody waits for it a second time
            self._broken = Fault(Reason.UNWRITABLE, str(error))
            return self._broken
        except AppError as error:
            return Fault(Reason.UNWRITABLE, str(error))
        return None

    def _compose(self, addressee: Addressee) -> None:
        for arm in self._arms:
            arm.fill(addressee, keyring=self._keyring, now=_SOME_DAY)
        for filler in self._answers:
            filler.fill(cells.of(addressee.columns, filler.columns, self._columns))
