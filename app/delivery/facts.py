"""What tracking asks of sends, through its own port: it never imports this room."""

from collections.abc import Sequence

from sqlalchemy import Row
from sqlmodel import Session

from app.delivery import person_rows
from app.delivery.models import State
from app.platform.config import Privacy
from app.tracking.ports import Enrolled, Facts

_SETTLED = frozenset(
    {State.SENT, State.FAILED, State.BOUNCED, State.UNCERTAIN, State.SKIPPED, State.HELD}
)


class DeliveryFacts:
    """Answers `tracking.ports.SendFacts`."""

    def __init__(self, privacy: Privacy = Privacy.STANDARD) -> None:
        self._privacy = privacy

    def facts_of(self, session: Session, send_ids: Sequence[int]) -> dict[int, Facts]:
        """What is known of these sends; ids that are nobody's are left out."""
        return {row.id: self._facts(row) for row in person_rows.facts_of(session, send_ids)}

    def _facts(self, row: Row[tuple[object, ...]]) -> Facts:
        has_hidden = bool(row.design.get("honeypot"))
        return Facts(
            send_id=row.id,
            experiment_id=row.experiment_id,
            arm=row.arm,
            set_id=row.set_id,
            accepted_at=row.accepted_at,
            settled=row.state in _SETTLED,
            links_total=row.links,
            honeypot=row.links + 1 if has_hidden else None,
            clicks_allowed=self._allows(row.consent_click),
            opens_allowed=self._allows(row.consent_open),
            rule_version=row.rule_version or "",
        )

    def _allows(self, consent: str) -> bool:
        """What a person said; where they said nothing, what the installation's preset says."""
        if consent == "unknown":
            return self._privacy is Privacy.STANDARD
        return consent == "yes" and self._privacy is not Privacy.AGGREGATE


class DeliveryEnrolments:
    """Answers `tracking.ports.Enrolments`."""

    def enrolled(self, session: Session, pairs: Sequence[tuple[str, str]]) -> list[Enrolled]:
        """Everybody released, the holdout too, in experiments that count these events."""
        metrics = person_rows.metrics_by_event(session, sorted({event for _, event in pairs}))
        people = sorted({person for person, _ in pairs})
        wanted = set(pairs)
        found = []
        for row in person_rows.released_people(session, sorted(metrics), people):
            metric = metrics[row.experiment_id]
            if (row.person_id, metric["event"]) in wanted:
                found.append(
                    Enrolled(
                        send_id=row.id,
                        experiment_id=row.experiment_id,
                        person_id=row.person_id,
                        event=metric["event"],
                        released_at=row.released_at,
                        closes_at=row.closes_at,
                        cap=metric.get("cap"),
                    )
                )
        return found
