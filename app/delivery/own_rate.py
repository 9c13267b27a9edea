"""The rate that an experiment was launched with: over all machines, spread over each minute."""

from datetime import datetime, timedelta
from math import ceil

from sqlmodel import Session

from app.delivery import store
from app.experiments.models import Experiment
from app.platform import turns

_MINUTE = timedelta(minutes=1)


def room_of(session: Session, experiment: Experiment, room: int, *, now: datetime) -> int:
    """How many mails may be released now: no more in a minute than asked, spread over it."""
    rate = experiment.rate_per_minute
    if rate is None:
        return room
    turns.take(session, f"rate:{experiment.id}")
    seconds = max(1.0, 60 / rate)
    burst = ceil(rate * seconds / 60)
    lately = store.mailed_within(session, experiment.id, timedelta(seconds=seconds), now=now)
    in_minute = store.mailed_within(session, experiment.id, _MINUTE, now=now)
    return min(room, rate - in_minute, burst - lately)
