"""When an experiment pauses itself: the fault is ours, or too much of it comes back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from app.delivery import queue_store
from app.delivery.models import State
from app.delivery.replies import LATELY, Meaning, is_ours, is_policy
from app.experiments import lifecycle
from app.experiments.models import Experiment, Status
from app.tally import store as tally

REASONS = {Meaning.OUR_FAULT, Meaning.POLICY, Meaning.NO_SUCH_ADDRESS, Meaning.CONTENT}
_BOUNCED_SHARE = 0.05  # hard bounces of 5 % or more …
_BOUNCED_FROM = 100  # … of at least 100 sent
_COMPLAINED_SHARE = 0.001  # called spam by 0.1 % or more …
_COMPLAINED_FROM = 3  # … and by at least 3 …
_COMPLAINED_OF = 500  # … of at least 500 delivered
_REFUSED_SHARE = 0.02  # past 2 % refused for what the mail says
_REFUSED_FROM = 50  # one refusal among the first few mails is no share yet

_ONLY_REHEARSED = (
    "This is a rehearsal, and mails go to real people now: nobody further gets one of it. Cancel"
    " it, and run it again."
)
_NO_SERVER = (
    "This was launched for real people, and no mail server is set any more. Set THINSLICE_MAIL,"
    " then resume."
)


def pause_where_needed(
    session: Session, faults: Mapping[str, Sequence[tuple[Meaning, str]]], *, now: datetime
) -> list[int]:
    """Pause each experiment whose faults ask for it, with a reason that says what to do.

    Returns the sends that were refused as if it were their fault, and it is ours.
    """
    refused: list[int] = []
    for experiment_id, found in sorted(faults.items()):
        experiment = session.get(Experiment, experiment_id)
        mostly = _refused_through_us(session, experiment_id, found)
        reason = _reason(session, experiment_id, found, mostly=bool(mostly))
        if experiment is None or experiment.status not in {Status.RUNNING, Status.MEASURING}:
            continue
        refused += mostly
        if reason and experiment.status == Status.RUNNING:
            lifecycle.pause(session, experiment, reason=reason, now=now)
    return refused


def pause_for_complaints(session: Session, experiment_id: str, *, now: datetime) -> None:
    """After a complaint: pause an experiment whose mails are called spam too often."""
    _pause(session, experiment_id, _complaints(session, experiment_id), now=now)


def pause_for_bounces(session: Session, experiment_id: str, *, now: datetime) -> None:
    """After a bounce: pause an experiment whose mails come back too often."""
    _pause(session, experiment_id, _bounces(session, experiment_id), now=now)


def pause_misplaced(session: Session, experiment_id: str, *, now: datetime) -> None:
    """Where mail goes has changed since the launch: say which way, and what to do."""
    experiment = session.get(Experiment, experiment_id)
    is_rehearsal = experiment is not None and experiment.rehearsal
    _pause(session, experiment_id, _ONLY_REHEARSED if is_rehearsal else _NO_SERVER, now=now)


def _pause(session: Session, experiment_id: str, reason: str | None, *, now: datetime) -> None:
    experiment = session.get(Experiment, experiment_id)
    if reason and experiment is not None and experiment.status == Status.RUNNING:
        lifecycle.pause(session, experiment, reason=reason, now=now)


def _complaints(session: Session, experiment_id: str) -> str | None:
    complained, delivered = tally.complaints(session, experiment_id)
    if (
        complained >= _COMPLAINED_FROM
        and delivered >= _COMPLAINED_OF
        and complained >= _COMPLAINED_SHARE * delivered
    ):
        return (
            f"{complained} of {delivered} people marked it as spam. Mailbox providers turn away"
            " senders for less: look at whom it goes to and what it promises before going on."
        )
    return None


def _refused_through_us(
    session: Session, experiment_id: str, found: Sequence[tuple[Meaning, str]]
) -> list[int]:
    """The sends refused by policy, where those are most of the last recipients."""
    if all(meaning is not Meaning.POLICY for meaning, _ in found):
        return []
    lately = queue_store.settled_last(session, experiment_id, limit=LATELY)
    refused = [row.state == State.FAILED and is_policy(row.last_reply or "") for row in lately]
    if not is_ours(refused):
        return []
    return [row.id for row, is_refused in zip(lately, refused, strict=True) if is_refused]


def _reason(
    session: Session,
    experiment_id: str,
    found: Sequence[tuple[Meaning, str]],
    *,
    mostly: bool,
) -> str | None:
    blamed = {Meaning.OUR_FAULT, Meaning.POLICY} if mostly else {Meaning.OUR_FAULT}
    ours = [words for meaning, words in found if meaning in blamed]
    if ours:
        return (
            f"The mail server refuses us: {ours[0]}. Nobody was lost; mend the sender's"
            " settings (THINSLICE_MAIL, THINSLICE_MAIL_FROM), then resume."
        )
    if came_back := _bounces(session, experiment_id):
        return came_back
    counts = queue_store.counts(session, experiment_id)
    attempted = sum(counts.get(state, 0) for state in _ATTEMPTED)
    refused = [words for meaning, words in found if meaning is Meaning.CONTENT]
    if refused and attempted >= _REFUSED_FROM and _past_share(counts, attempted):
        return f"Servers refuse what the mail says: {refused[0]}. Look at its words and links."
    return None


def _bounces(session: Session, experiment_id: str) -> str | None:
    counts = queue_store.counts(session, experiment_id)
    attempted = sum(counts.get(state, 0) for state in _ATTEMPTED)
    if attempted >= _BOUNCED_FROM and counts.get(State.BOUNCED, 0) >= _BOUNCED_SHARE * attempted:
        return (
            f"{counts[State.BOUNCED]} of {attempted} addresses do not exist. Check where the"
            " audience comes from before going on: more of them harm your standing as a sender."
        )
    return None


_ATTEMPTED = (State.SENT, State.BOUNCED, State.FAILED, State.UNCERTAIN)


def _past_share(counts: Mapping[str, int], attempted: int) -> bool:
    return counts.get(State.FAILED, 0) > _REFUSED_SHARE * attempted
