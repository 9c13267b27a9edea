"""Take what is due, at the rate that was asked for, and make the mails."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from app.audience.consent import allowed, allows
from app.audience.own import told
from app.delivery import not_yet, own_rate, pausing, person_store, store
from app.delivery.arms import Arms
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.answering import answerable
from app.delivery.mail.mime import Mail
from app.delivery.models import State
from app.delivery.not_yet import Terms
from app.delivery.pace import FEWEST
from app.delivery.releasing import release
from app.delivery.replies import Meaning
from app.delivery.settling import Reserved, Result
from app.delivery.watching import LEASE
from app.experiments.models import Experiment
from app.experiments.vocabulary import HOLDOUT, mail_kind_of
from app.links.keyring import Keyring
from app.platform import turns
from app.platform.config import Privacy, Settings
from app.platform.db import Database
from app.platform.duties import Attempts
from app.platform.errors import AppError, Unavailable, tried
from app.platform.put_off import Work
from app.tally import store as tally

_LOOKED_AT = 1_000  # sends in one transaction, those of the holdout among them (decision 7)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reserved send and its mail."""

    reserved: Reserved
    mail: Mail


class Reserver:
    """Reserves for one process."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        keyring: Keyring,
        *,
        holder: str,
        rehearses: bool = False,
    ) -> None:
        """`rehearses`: what is reserved reaches nobody, so rehearsals are all that is."""
        self._database = database
        self._rehearses = rehearses
        self._keyring = keyring
        self._holder = holder
        self._privacy = settings.privacy
        self._domain_rates, self._zone = settings.domain_rates, settings.zone
        self._arms = Arms(settings)
        self._attempts = Attempts(database)
        self.is_in_doubt = False

    def reserve(self, *, now: datetime, room: int = FEWEST) -> list[Prepared | Result]:
        """The next mails, `room` of them at most; a Result where one cannot be made.

        An experiment whose turn fails is put off; whether its reservations were kept is in doubt.
        """
        self.is_in_doubt = False
        if room <= 0:
            return []
        with self._database.read() as session:
            found = store.experiments_due(session, now=now)
            due = [one.id for one in found if one.rehearsal is self._rehearses]
        self._pause_misplaced([one.id for one in found if one.id not in due], now=now)
        prepared: list[Prepared | Result] = []

        def reserve_of(experiment_id: str) -> None:
            share = ceil((room - len(prepared)) / (len(due) - due.index(experiment_id)))
            self.is_in_doubt, before = True, self.is_in_doubt
            prepared.extend(self._reserve_of(experiment_id, room=share, now=now))
            self.is_in_doubt = before

        self._attempts.each(Work.SEND, due, reserve_of, now=now)
        return prepared

    def _reserve_of(
        self, experiment_id: str, *, room: int, now: datetime
    ) -> list[Prepared | Result]:
        """Reserve, count the newly released, read what their mails need; then write the mails."""
        with self._database.write_unheard() as session, tally.together(session):
            experiment = session.get_one(Experiment, experiment_id)
            _wait_turn(session, experiment)
            room = own_rate.room_of(session, experiment, room, now=now)
            if room <= 0:
                return []
            terms = not_yet.terms_of(session, experiment, self._domain_rates, self._zone)
            if terms.are_none:
                taken = self._take(session, experiment, room=room, now=now)
            else:
                taken = self._take_in_turn(session, experiment, terms, room=room, now=now)
            people = person_store.people_of(session, [reserved.send_id for reserved in taken])
            self._note_refusals(session, people)
            for arm in {reserved.arm for reserved in taken}:
                self._arms.know(session, experiment, arm)
        return self._prepared(taken, people, now=now)

    def _pause_misplaced(self, experiment_ids: Sequence[str], *, now: datetime) -> None:
        """No rehearsal goes to people, and nothing that was meant for people stays in the outbox.

        Their sends are never reserved here, paused or not; the pause says why.
        """
        for experiment_id in experiment_ids:
            with self._database.write() as session:
                pausing.pause_misplaced(session, experiment_id, now=now)

    def _note_refusals(self, session: Session, people: dict[int, Row[Any]]) -> None:
        """Whoever refused since they were enrolled is mailed and counted; their clicks are not."""
        refused = [
            number for number, row in people.items() if not allows(row.consent_click, self._privacy)
        ]
        tally.change(session, {number: {"untracked": True} for number in refused})

    def _take_in_turn(
        self, session: Session, experiment: Experiment, terms: Terms, *, room: int, now: datetime
    ) -> list[Reserved]:
        """The same, with whoever may not be mailed yet left for later."""
        taken = list[Reserved]()
        while not taken:
            ready = not_yet.hold_back(session, experiment.id, terms, room=room, now=now)
            if not ready:
                break
            rows = self._reserved(session, experiment, room=ready, now=now)
            if not rows:
                break
            taken = _count(session, experiment, rows, now=now)
        return taken

    def _take(
        self, session: Session, experiment: Experiment, *, room: int, now: datetime
    ) -> list[Reserved]:
        """Up to `room` mails, with those of the holdout whose turn comes among them."""
        taken: list[Reserved] = []
        looked_at = 0
        while len(taken) < room and looked_at < _LOOKED_AT:
            rows = self._reserved(session, experiment, room=room - len(taken), now=now)
            if not rows:
                break
            looked_at += len(rows)
            taken += _count(session, experiment, rows, now=now)
        return taken

    def _reserved(
        self, session: Session, experiment: Experiment, *, room: int, now: datetime
    ) -> Sequence[Row[Any]]:
        return store.reserve(
            session,
            experiment.id,
            room=room,
            holder=self._holder,
            lease_until=now + LEASE,
            mail_kind=mail_kind_of(experiment.design),
            cooling_off=_cooling_off(experiment),
            now=now,
        )

    def _prepared(
        self, taken: Sequence[Reserved], people: Mapping[int, Row[Any]], *, now: datetime
    ) -> list[Prepared | Result]:
        """Their mails, in the order in which they were taken."""
        mails: dict[int, Mail | AppError] = {}
        try:
            for arm in {reserved.arm for reserved in taken}:
                of_arm = [
                    reserved
                    for reserved in taken
                    if reserved.arm == arm and reserved.send_id in people
                ]
                mails |= self._mails(arm, of_arm, people, now=now)
        except Unavailable as error:  # busy: whoever has no mail yet is taken again later
            log.warning("mails wait: %s", error)
            absent = [reserved for reserved in taken if reserved.send_id not in mails]
            mails |= {reserved.send_id: error for reserved in absent if reserved.send_id in people}
        return [
            _prepared_or_not(reserved, mails.get(reserved.send_id), now=now) for reserved in taken
        ]

    def _mails(
        self,
        arm: str,
        reserved: Sequence[Reserved],
        people: Mapping[int, Row[Any]],
        *,
        now: datetime,
    ) -> dict[int, Mail | AppError]:
        ids = [one.send_id for one in reserved]
        if not ids:
            return {}
        ready = tried(self._arms.of, reserved[0].experiment_id, arm)
        if isinstance(ready, AppError):
            return dict.fromkeys(ids, ready)
        addressees = [
            addressee_of(people[one.send_id], one.experiment_id, privacy=self._privacy)
            for one in reserved
        ]
        mails = ready.fill_all(addressees, keyring=self._keyring, now=now)
        return {
            send_id: mail
            if isinstance(mail, AppError)
            else tried(answerable, mail, ready.head, self._keyring)
            for send_id, mail in zip(ids, mails, strict=True)
        }


def _prepared_or_not(
    reserved: Reserved, mail: Mail | AppError | None, *, now: datetime
) -> Prepared | Result:
    if mail is None:
        return Result(reserved, Meaning.REFUSED, "This person was erased.", now)
    if isinstance(mail, Unavailable):
        return Result(reserved, Meaning.NOT_ATTEMPTED, str(mail), now)
    if isinstance(mail, AppError):
        return Result(reserved, Meaning.REFUSED, f"The mail could not be made: {mail}", now)
    return Prepared(reserved, mail)


def addressee_of(row: Row[Any], experiment_id: str, *, privacy: Privacy) -> Addressee:
    """A person as their mail needs them."""
    return Addressee(
        email=row.email,
        person_id=row.person_id,
        columns=columns_of(row),
        mail_id=f"{row.id}.{experiment_id}",
        may=allowed(clicks=row.consent_click, opens=row.consent_open, privacy=privacy),
        send_id=row.id,
    )


def columns_of(row: Row[Any]) -> dict[str, object]:
    """The columns that a mail sees: those that were frozen win over later edits."""
    return {**told(row), **row.frozen}


def _count(
    session: Session, experiment: Experiment, rows: Sequence[Row[Any]], *, now: datetime
) -> list[Reserved]:
    """Release the new ones in the same transaction; fail those suppressed after an earlier try.

    People of the holdout are released and held; the others are returned, to be mailed.
    """
    taken = [
        Reserved(
            send_id=row.id,
            attempt=row.attempts,
            experiment_id=experiment.id,
            arm=row.arm,
            person_id=row.person_id,
            deferrals=row.deferrals,
            released_at=row.released_at,
            relay=row.relay or "" if row.deferrals else "",
        )
        for row in rows
        if row.state == State.SENDING
    ]
    first = {row.id for row in rows if row.state == State.SENDING and row.attempts == 1}
    release(session, experiment, [reserved for reserved in taken if reserved.send_id in first])
    failed = {row.id: {"failed": True} for row in rows if row.state == State.FAILED}
    tally.change(session, failed)
    held = [reserved.send_id for reserved in taken if reserved.arm == HOLDOUT]
    if held:
        store.hold(session, held, now=now)
    return [reserved for reserved in taken if reserved.arm != HOLDOUT]


def _wait_turn(session: Session, experiment: Experiment) -> None:
    """Who asks whether others have mailed somebody lets nobody else mail meanwhile."""
    wait = turns.take if _cooling_off(experiment) else turns.share
    wait(session, "release")


def _cooling_off(experiment: Experiment) -> timedelta | None:
    days = (experiment.design.get("exclude") or {}).get("cooling_off_days")
    return timedelta(days=days) if days else None
