"""What tracking must know about a send, and asks others for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlmodel import Session

from app.tracking.hit_line import HitKind


@dataclass(frozen=True, slots=True)
class Arm:
    """Whose mail a set of links is in, as far as hits are concerned that name no send."""

    experiment_id: str
    key: str
    links: int  # visible tracked links of its mail
    honeypot: int | None  # the hidden link's position
    rule_version: str = ""  # of the rules that its hits are judged by; empty: the newest


class Facts(NamedTuple):
    """One send, as far as its hits are concerned."""

    send_id: int
    experiment_id: str
    arm: str
    set_id: int
    accepted_at: datetime | None  # by the receiving server
    settled: bool  # its state is final
    links_total: int  # visible tracked links of its mail
    honeypot: int | None  # the hidden link's position
    clicks_allowed: bool  # consent, now: asked when a hit comes, and never again
    opens_allowed: bool
    rule_version: str
    counted: HitKind | None  # of which a hit is what the experiment's metric counts, if any
    counted_links: frozenset[int] = frozenset()  # of clicks, those on these links

    @property
    def whose(self) -> Arm:
        """Its arm, without the person."""
        return Arm(self.experiment_id, self.arm, self.links_total, self.honeypot, self.rule_version)


class SendFacts(Protocol):
    """Whoever knows the sends."""

    def arms_of(self, session: Session, set_ids: Sequence[int]) -> dict[int, Arm]:
        """The arms whose sends carry these sets of links."""
        ...

    def facts_of(self, session: Session, send_ids: Sequence[int]) -> dict[int, Facts]:
        """The facts of those that exist."""
        ...

    def adopt(self, session: Session, experiment_id: str | None, version: str) -> None:
        """From now on judge an experiment's hits (None: everybody's) by rules of this version."""
        ...


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A released person of an experiment that counts an event."""

    send_id: int
    experiment_id: str
    person_id: str
    event: str
    released_at: datetime
    closes_at: datetime
    cap: float | None
    needs_value: bool  # only somebody with a value other than 0 did it


class Enrolments(Protocol):
    """Whoever knows who is in which experiment."""

    def enrolled(self, session: Session, pairs: Sequence[tuple[str, str]]) -> list[Enrolled]:
        """Released enrolments of these (person, event), in the order of their sends."""
        ...


class People(Protocol):
    """Whoever knows people."""

    def key_of(self, email: str) -> str:
        """How an address is compared."""
        ...

    def people_of(
        self, session: Session, email_keys: Sequence[str], external_ids: Sequence[str]
    ) -> dict[str, str]:
        """Person ids, by `email:` and key, or `external:` and id; unknown ones are left out."""
        ...

    def erased(self, session: Session, labels: Collection[str]) -> set[str]:
        """Of these labels, those of people who were erased: nothing of them is kept."""
        ...
