"""SQL across the rooms: what the counters say of one experiment, in a fixed number of questions.

People are counted from counters (one row per arm and hour of release), so a readout costs the same
for a thousand people and for a million. Only the hour whose windows are closing just now, and the
clicks of the last quarter of an hour, are read from outcomes, by index.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, text
from sqlmodel import Session

from app.analysis import matured
from app.analysis.matured import Matured
from app.experiments.plans import SETTLES_AFTER
from app.platform.db import UtcDateTime

_EXPERIMENT = bindparam("experiment_id", type_=String())

PEOPLE_BY_ARM = text("""
    -- One row per arm: people released, and what became of them. Every sum counts people but
    -- clicks, which counts requests, and value.
    SELECT c.arm                     AS arm,
           SUM(c.released)           AS released,
           SUM(c.sent)               AS sent,
           SUM(c.failed)             AS failed,
           SUM(c.bounced)            AS bounced,
           SUM(c.uncertain)          AS uncertain,
           SUM(c.untracked)          AS untracked,
           SUM(c.did)                AS did,
           SUM(c.maybe_did)          AS maybe_did,
           SUM(c.human_clickers)     AS human_clickers,
           SUM(c.unknown_clickers)   AS unknown_clickers,
           SUM(c.machine_clickers)   AS machine_clickers,
           SUM(c.human_openers)      AS human_openers,
           SUM(c.machine_openers)    AS machine_openers,
           SUM(c.unsubscribed)       AS unsubscribed,
           SUM(c.complained)         AS complained,
           SUM(c.converted)          AS converted,
           SUM(c.clicks)
             + (SELECT COALESCE(SUM(l.nameless), 0)
                  FROM link_counter l
                 WHERE l.experiment_id = :experiment_id
                   AND l.arm = c.arm)    AS clicks,
           SUM(c.value)              AS value
      FROM counter c
     WHERE c.experiment_id = :experiment_id
     GROUP BY c.arm
     ORDER BY c.arm
""").bindparams(_EXPERIMENT)

LAST_RELEASES = (
    text("""
    -- One row per arm: when its last person was released.
    SELECT o.arm              AS arm,
           MAX(o.released_at) AS at
      FROM (SELECT c.arm       AS arm,
                   MAX(c.hour) AS hour
              FROM counter c
             WHERE c.experiment_id = :experiment_id
             GROUP BY c.arm) l
      JOIN outcome o
        ON o.experiment_id = :experiment_id
       AND o.arm = l.arm
       AND o.released_at >= l.hour
     GROUP BY o.arm
     ORDER BY o.arm
""")
    .bindparams(_EXPERIMENT)
    .columns(at=UtcDateTime())
)

UNSETTLED = text("""
    -- One row per arm: people who did it too short a while ago to be settled.
    SELECT o.arm    AS arm,
           COUNT(*) AS people
      FROM outcome o
     WHERE o.experiment_id = :experiment_id
       AND o.did_at > :settled
     GROUP BY o.arm
     ORDER BY o.arm
""").bindparams(_EXPERIMENT, bindparam("settled", type_=UtcDateTime()))

BOUNCED_AFTER_DELIVERY = text("""
    -- One row per arm: people whose mail was accepted first and came back later.
    SELECT o.arm    AS arm,
           COUNT(*) AS people
      FROM outcome o
     WHERE o.experiment_id = :experiment_id
       AND o.sent
       AND o.bounced
     GROUP BY o.arm
     ORDER BY o.arm
""").bindparams(_EXPERIMENT)

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


def totals(
    session: Session,
    experiment_id: str,
    *,
    window: timedelta,
    stop_at: datetime | None,
    is_judged: bool,
    now: datetime,
) -> dict[str, ArmTotals]:
    """What every arm with released people has come to, by its key.

    `is_judged`: what is counted has a verdict, which a neighbour may change while it is young.
    """
    closed = matured.by_arm(session, experiment_id, window=window, stop_at=stop_at, now=now)
    ids = {"experiment_id": experiment_id}
    rows = session.execute(PEOPLE_BY_ARM, ids).all()
    unsettled = _by_arm(session, UNSETTLED, **ids, settled=now - SETTLES_AFTER) if is_judged else {}
    lost = any(row.bounced and row.sent for row in rows)
    returned = _by_arm(session, BOUNCED_AFTER_DELIVERY, **ids) if lost else {}
    last = {row.arm: row.at for row in session.execute(LAST_RELEASES, ids)}
    return {
        row.arm: _arm(
            row,
            matured.total(closed.get(row.arm, {})),
            unsettled=unsettled.get(row.arm, 0),
            returned=returned.get(row.arm, 0),
            last_release=last.get(row.arm),
        )
        for row in rows
        if row.released
    }


def together(totals: Iterable[ArmTotals]) -> ArmTotals:
    """All arms as one."""
    found = list(totals)
    if len(found) == 1:
        return found[0]
    sums = {
        name: sum(getattr(one, name) for one in found)
        for name in (
            *_SUMS,
            "matured",
            "matured_did",
            "settled_did",
            "delivered",
            "value",
        )
    }
    last = max((one.last_release for one in found if one.last_release), default=None)
    return ArmTotals(key="", last_release=last, **sums)


def links(session: Session, experiment_id: str) -> tuple[LinkTotal, ...]:
    """Every link of every arm, as it stands in the mail."""
    rows = session.execute(LINKS, {"experiment_id": experiment_id})
    return tuple(LinkTotal(**row._mapping) for row in rows)  # noqa: SLF001  # SQLAlchemy's public name


def _by_arm(session: Session, question: Any, **values: object) -> dict[str, int]:
    return {row.arm: row.people for row in session.execute(question, values)}


_SUMS: Sequence[str] = (
    "released", "sent", "failed", "bounced", "uncertain", "untracked", "did", "maybe_did",
    "human_clickers",
    "unknown_clickers", "machine_clickers", "human_openers", "machine_openers", "unsubscribed",
    "complained", "converted", "clicks",
)  # fmt: skip


def _arm(
    row: Any, closed: Matured, *, unsettled: int, returned: int, last_release: datetime | None
) -> ArmTotals:
    return ArmTotals(
        key=row.arm,
        matured=closed.people,
        matured_did=closed.did,
        settled_did=max(0, int(row.did) - unsettled),  # two questions, two moments
        delivered=int(row.sent) - returned,
        value=float(row.value),
        last_release=last_release,
        **{name: int(getattr(row, name)) for name in _SUMS},
    )
