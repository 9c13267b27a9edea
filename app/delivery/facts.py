"""What tracking asks of sends, through its own port: it never imports this room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.audience.consent import allows
from app.audience.own import Consent
from app.delivery import destination_store, person_store
from app.delivery.models import State
from app.delivery.person_store import SendFact
from app.experiments import rule_rows
from app.experiments.metrics import Source, metric_of, of_design
from app.platform.config import Privacy
from app.tracking.hit_line import HitKind
from app.tracking.ports import Arm, Enrolled, Facts

_SETTLED = frozenset(
    {State.SENT, State.FAILED, State.BOUNCED, State.UNCERTAIN, State.SKIPPED, State.HELD}
)

_REMEMBERED = 5_000  # arms
_COUNTED = {Source.CLICK: HitKind.CLICK, Source.OPEN: HitKind.OPEN}


@dataclass(frozen=True, slots=True)
class _Mail:
    """What is the same for all sends of an arm."""

    set_id: int
    links: int
    honeypot: int | None
    counted: HitKind | None
    counted_links: frozenset[int]


class DeliveryFacts:
    """Answers `tracking.ports.SendFacts`."""

    def __init__(self, privacy: Privacy) -> None:
        self._allowed: dict[str | None, bool] = {
            str(consent): allows(consent, privacy) for consent in Consent
        }
        self._mails: dict[tuple[str, str], _Mail] = {}  # by experiment and arm

    def facts_of(self, session: Session, send_ids: Sequence[int]) -> dict[int, Facts]:
        """What is known of these sends; ids that are nobody's are left out."""
        rows = person_store.facts_of(session, send_ids)
        experiment_ids = {row.experiment_id for row in rows}
        self._learn(session, experiment_ids)
        versions = rule_rows.versions_of(session, sorted(experiment_ids))
        found = {}
        for row in rows:
            mail = self._mails.get((row.experiment_id, row.arm))
            if mail is not None:
                found[row.id] = self._facts(row, mail, versions.get(row.experiment_id, ""))
        return found

    def _learn(self, session: Session, experiment_ids: set[str]) -> None:
        """Look up what is not known yet: it is frozen before the first send is there."""
        known = {experiment_id for experiment_id, _ in self._mails}
        if new := sorted(experiment_ids - known):
            if len(self._mails) > _REMEMBERED:
                self._mails, new = {}, sorted(experiment_ids)
            self._mails |= _mails(session, new)

    def _facts(self, row: SendFact, mail: "_Mail", rule_version: str) -> Facts:
        return Facts(
            row.id,
            row.experiment_id,
            row.arm,
            mail.set_id,
            row.accepted_at,
            row.state in _SETTLED,
            mail.links,
            mail.honeypot,
            self._allowed.get(row.consent_click, False),  # nothing is attached to who was erased
            self._allowed.get(row.consent_open, False),
            rule_version,
            mail.counted,
            mail.counted_links,
        )

    def arms_of(self, session: Session, set_ids: Sequence[int]) -> dict[int, Arm]:
        """The arms whose sends carry these sets of links."""
        return {
            row.id: Arm(
                row.experiment_id,
                row.arm,
                row.links,
                row.links + 1 if row.design.get("honeypot") else None,
                row.rule_version or "",
            )
            for row in destination_store.arms_of(session, set_ids)
        }

    def adopt(self, session: Session, experiment_id: str | None, version: str) -> None:
        """From now on judge an experiment's hits (None: everybody's) by rules of this version."""
        rule_rows.adopt(session, experiment_id, version=version)


class DeliveryEnrolments:
    """Answers `tracking.ports.Enrolments`."""

    def enrolled(self, session: Session, pairs: Sequence[tuple[str, str]]) -> list[Enrolled]:
        """Everybody released, the holdout too, in experiments that count these events."""
        metrics = person_store.metrics_by_event(session, sorted({event for _, event in pairs}))
        people = sorted({person for person, _ in pairs})
        wanted = set(pairs)
        found = []
        for row in person_store.released_people(session, sorted(metrics), people):
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
                        needs_value=metric_of(metric["kind"]).is_value,
                    )
                )
        return found


def _mails(session: Session, experiment_ids: Sequence[str]) -> dict[tuple[str, str], _Mail]:
    rows = person_store.mails_of(session, experiment_ids)
    labels = destination_store.labels_of(session, sorted({row.set_id for row in rows}))
    return {
        (row.experiment_id, row.arm): _Mail(
            set_id=row.set_id,
            links=row.links,
            honeypot=row.links + 1 if row.design.get("honeypot") else None,
            counted=_COUNTED.get(of_design(row.design).source),
            counted_links=_counted_links(
                labels.get(row.set_id, {}), row.design["metric"].get("link")
            ),
        )
        for row in rows
    }


def _counted_links(labels: Mapping[int, str], named: str | None) -> frozenset[int]:
    """The links of that label; where none is named, of the label of the body's first link.

    One label may stand at several places: a mail that depends on its reader has one in each case.
    """
    wanted = named or (labels[min(labels)] if labels else None)
    return frozenset(link for link, label in labels.items() if label == wanted)
