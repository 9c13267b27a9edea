"""What an arm has come to, and what its links have: sums of the counters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, text
from sqlmodel import Session

from app.analysis.matured import Matured

_EXPERIMENT = bindparam("experiment_id", type_=String())

LINKS = text("""
    -- One row per arm and link of the mail: raw hits, and people with a human click on it.
    SELECT d.arm                    AS arm,
           d.link                   AS link,
           d.label                  AS label,
           d.kind                   AS kind,
           d.address                AS address,
           COALESCE(l.hits + l.nameless, 0) AS hits,
           COALESCE(l.clickers, 0)  AS clickers
      FROM destination d
      JOIN destination_set s
        ON s.id = d.set_id
       AND s.purpose = 'send'
      LEFT JOIN link_counter l
        ON l.experiment_id = d.experiment_id
       AND l.arm = d.arm
       AND l.link = d.link
     WHERE d.experiment_id = :experiment_id
     ORDER BY d.arm, d.link
""").bindparams(_EXPERIMENT)


@dataclass(frozen=True, slots=True)
class ArmTotals:
    """People of one arm, but `clicks` (requests) and `value`."""

    key: str
    released: int = 0
    matured: int = 0
    matured_did: int = 0
    did: int = 0  # what the experiment's metric counts
    settled_did: int = 0
    maybe_did: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    bounced: int = 0
    uncertain: int = 0
    untracked: int = 0
    human_clickers: int = 0
    unknown_clickers: int = 0
    machine_clickers: int = 0
    human_openers: int = 0
    machine_openers: int = 0
    unsubscribed: int = 0
    complained: int = 0
    replied: int = 0
    converted: int = 0
    clicks: int = 0
    value: float = 0.0
    last_release: datetime | None = None

    @property
    def live(self) -> int:
        """People whose window is still open."""
        return self.released - self.matured

    @property
    def spent(self) -> int:
        """People who can no longer do it: their window closed without."""
        return self.matured - self.matured_did


@dataclass(frozen=True, slots=True)
class LinkTotal:
    """One link of one arm."""

    arm: str
    link: int
    label: str
    kind: str
    address: str
    hits: int
    clickers: int


def arm_of(key: str, rows: Sequence[Any], closed: Matured, *, is_judged: bool) -> ArmTotals:
    """What one arm has come to: its counters, those whose window has closed, and what is young.

    `rows` are those of `counter_rows.counted`; what they say of the arm, each says.
    """
    arm = rows[0]
    sums = {name: int(sum([getattr(row, name) for row in rows])) for name in _SUMS}
    unsettled = arm.unsettled if is_judged else 0
    sums["clicks"] += int(arm.nameless)
    return ArmTotals(
        key=key,
        matured=closed.people,
        matured_did=closed.did,
        settled_did=max(0, sums["did"] - unsettled),  # counters may lag behind
        delivered=sums["sent"] - int(sum(row.returned for row in rows)),
        value=float(sum(row.value for row in rows)),
        last_release=arm.last_release,
        **sums,
    )


def together(totals: Iterable[ArmTotals]) -> ArmTotals:
    """All arms as one."""
    found = list(totals)
    if len(found) == 1:
        return found[0]
    sums = {
        name: sum(getattr(arm_totals, name) for arm_totals in found)
        for name in (
            *_SUMS,
            "matured",
            "matured_did",
            "settled_did",
            "delivered",
            "value",
        )
    }
    last = max(
        (arm_totals.last_release for arm_totals in found if arm_totals.last_release), default=None
    )
    return ArmTotals(key="", last_release=last, **sums)


def links(session: Session, experiment_id: str) -> tuple[LinkTotal, ...]:
    """Every link of every arm, as it stands in the mail."""
    rows = session.execute(LINKS, {"experiment_id": experiment_id})
    return tuple(LinkTotal(**row._mapping) for row in rows)  # noqa: SLF001  # SQLAlchemy's public name


_SUMS: Sequence[str] = (
    "released", "sent", "failed", "bounced", "uncertain", "untracked", "did", "maybe_did",
    "human_clickers",
    "unknown_clickers", "machine_clickers", "human_openers", "machine_openers", "unsubscribed",
    "complained", "replied", "converted", "clicks",
)  # fmt: skip
