"""Halvern's past, put through the real rooms with the times at which it would have happened."""

import json
import random
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta

from sqlmodel import Session

from app.analysis import snapshots
from app.audience import imports
from app.audience import store as audience
from app.delivery import planning
from app.delivery.facts import DeliveryFacts
from app.delivery.mail.mime import Mail
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.delivery.replies import Reply, Stage
from app.delivery.sending import Sender
from app.delivery.transports.ports import Attempting
from app.delivery.transports.terms import ANY
from app.demo import halvern, visits
from app.demo.halvern import FEATURES, OBJECTIVE, OUTCOMES, TEAMS
from app.demo.story import STORY, Told, design_of
from app.demo.weeks import Weeks
from app.experiments import drafts, enrolment, feature_outline, lifecycle
from app.experiments import store as experiments
from app.experiments.design_schemas import Draft, LaunchDraft
from app.experiments.outline_schemas import FeatureDraft, SliceDraft
from app.experiments.vocabulary import Riskiest
from app.okr import outcomes, values
from app.okr.schemas import CycleDraft, KeyResultDraft, ObjectiveDraft, TeamDraft, ValueDraft
from app.ops.installation import House
from app.platform.journal import Journal
from app.review import decisions
from app.review.schemas import DecisionDraft
from app.tracking import ingest

_PEOPLE = 600
_BY = "Ann"
_CYCLE_DAYS = (84, 42)  # before and after today: eighteen weeks
_BETWEEN_BATCHES = timedelta(seconds=2)
_AFTER_WINDOW = timedelta(hours=74)  # 72 hours of window, and time to settle


class Accepting:
    """A mail server of the past: it took everything, and nobody can look it up any more."""

    name = "demo"
    terms = ANY
    lanes = 1

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:  # noqa: ARG002 - the port's shape
        """Take one mail."""
        await attempting()
        return Reply(250, "2.0.0 Ok: queued", Stage.MESSAGE)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Seeder:
    """Seeds one house at one moment."""

    house: House
    rng: random.Random
    now: datetime

    async def seed(self) -> None:
        """Everything up to this moment; the running experiment turns within the next minute."""
        with self.house.database.write() as session:
            key_results = self._outcomes(session)
            slices = self._outline(session, key_results)
        bakers = self._import()
        for told in STORY:
            await self._tell(
                told,
                slices[told.feature][told.slice],
                bakers,
                key_results[FEATURES[told.feature].outcome],
            )
        zone = self.house.settings.zone
        with self.house.database.write() as session:
            Weeks(zone, self.rng, self.now, _BY).seed(session)

    def _outcomes(self, session: Session) -> list[str]:
        today = self.now.date()
        teams = [
            outcomes.add_team(session, TeamDraft(name=name, function=function)).id
            for name, function in TEAMS
        ]
        cycle = outcomes.add_cycle(session, _cycle(today))
        objective = outcomes.add_objective(
            session,
            ObjectiveDraft(title=OBJECTIVE, cycle_id=cycle.id, team_ids=teams, owner=_BY),
            now=self.now,
        )
        return [self._key_result(session, objective.id, outcome) for outcome in OUTCOMES]

    def _key_result(self, session: Session, objective_id: str, outcome: halvern.Outcome) -> str:
        draft = KeyResultDraft.model_validate(
            {
                "objective_id": objective_id,
                "title": outcome.title,
                "kind": outcome.kind,
                "unit": outcome.unit,
                "start": outcome.start,
                "target": outcome.target,
                "owner": f"{outcome.owner.lower()}@halvern.example",  # asked on Friday, too
            }
        )
        row = outcomes.add_key_result(session, draft, now=self.now)
        every = (*outcome.before, *outcome.weeks)
        for back, value in enumerate(reversed(every)):
            at = self.now - timedelta(days=7 * back)
            confidence = 7 if back < len(outcome.weeks) else None
            values.put(
                session,
                row.id,
                at.date(),
                ValueDraft(value=value, confidence=confidence),
                source="manual",
                by=outcome.owner,
                zone=self.house.settings.zone,
                now=at,
            )
        return row.id

    def _outline(self, session: Session, key_results: list[str]) -> list[list[str]]:
        found: list[list[str]] = []
        believed = {(told.feature, told.slice): told.believe for told in STORY}
        for number, feature_of in enumerate(FEATURES):
            feature = feature_outline.add_feature(
                session,
                FeatureDraft(
                    title=feature_of.title,
                    problem=feature_of.problem,
                    key_result_id=key_results[feature_of.outcome],
                    full_build_weeks=feature_of.weeks,
                ),
                by=_BY,
                now=self.now,
            )
            drafts_of = [
                SliceDraft(
                    feature_id=feature.id,
                    title=title,
                    order=place,
                    assumption=believed.get((number, place), ""),
                    riskiest=Riskiest.DESIRABILITY if (number, place) in believed else None,
                )
                for place, title in enumerate(feature_of.slices)
            ]
            found.append(
                [feature_outline.add_slice(session, draft, now=self.now).id for draft in drafts_of]
            )
        return found

    def _import(self) -> str:
        """The bakers come in as any file does."""
        people = halvern.bakers(_PEOPLE, rng=self.rng)
        with self.house.database.write() as session:
            bakers = audience.add_audience(session, "Bakeries in November", by=_BY, now=self.now)
        begun = imports.begin(
            self.house.database,
            audience_id=bakers.id,
            format="ndjson",
            folder_id="seed",
            stream=(json.dumps(person).encode() + b"\n" for person in people),
            imports_dir=self.house.imports,
            filename="bakeries.ndjson",
            by=_BY,
            now=self.now,
        )
        path = self.house.imports / begun.id
        marker = self.house.keyring.marks
        while imports.continue_import(
            self.house.database, begun.id, path, marker=marker, now=self.now
        ):
            pass
        return bakers.id

    async def _tell(self, told: Told, slice_id: str, audience_id: str, key_result_id: str) -> None:
        design = design_of(
            told, slice_id=slice_id, audience_id=audience_id, key_result_id=key_result_id
        )
        began = self.now - timedelta(hours=told.hours_ago)
        with self.house.database.write() as session:
            experiment = drafts.add(session, Draft.model_validate(design), by=_BY, now=began)
        if told.clickers is None:
            return
        await self._send(experiment.id, began)
        self._visit(experiment.id, told, began)
        if told.decision is not None:
            self._decide(experiment.id, told, at=began + _AFTER_WINDOW)

    async def _send(self, experiment_id: str, began: datetime) -> None:
        house, moment = self.house, began
        with house.database.write() as session:
            row = experiments.locked(session, experiment_id)
            lifecycle.launch(session, row, LaunchDraft(), by=_BY, now=began)
        enrolment.settle(
            house.database,
            experiment_id,
            renderable=LiquidRenderable(house.settings, house.keyring),
            paces=Outflow(house.settings),
            settings=house.settings,
            now=began,
        )
        planning.plan(house.database, experiment_id, now=began)
        journal = Journal.open(
            house.sends, durability=house.settings.durability, limit=house.settings.spool_limit
        )
        sender = Sender(house.database, house.settings, house.keyring, journal, Accepting())
        while await sender.step(moment):
            moment += _BETWEEN_BATCHES
        journal.close()
        with house.database.write() as session:
            lifecycle.begin_measuring(session, experiment_id, now=moment)

    def _visit(self, experiment_id: str, told: Told, began: datetime) -> None:
        """What came back, as lines of the journal, and then the real ingester."""
        running = told.decision is None
        visits.write(
            self.house,
            experiment_id,
            clickers=told.clickers or 0,
            began=began,
            running=running,
            rng=self.rng,
        )
        facts = DeliveryFacts(self.house.settings.privacy)
        ingest.ingest_once(self.house.database, self.house.hits, facts, now=self.now)

    def _decide(self, experiment_id: str, told: Told, *, at: datetime) -> None:
        with self.house.database.write() as session:
            snapshots.freeze_due(session, at)
            row = experiments.locked(session, experiment_id)
            draft = DecisionDraft.model_validate(
                {"decision": told.decision, "learning": told.learning}
            )
            decisions.decide(session, row, draft, by=_BY, now=at)


def _cycle(today: Date) -> CycleDraft:
    before, after = (timedelta(days=days) for days in _CYCLE_DAYS)
    return CycleDraft(
        name=f"Until {(today + after).day} {today + after:%B}",
        starts=today - before,
        ends=today + after,
    )
