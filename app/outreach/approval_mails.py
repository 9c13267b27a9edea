"""The mail to those who may approve an experiment: one to each, once for a design."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from app.experiments.models import Experiment
from app.identity import store as identity
from app.identity.models import User
from app.identity.roles import Role
from app.outreach.team_mails import Letters
from app.platform import figures
from app.platform.errors import Conflict

_WHAT = (
    "See whom it reaches and what they read, then put your name beside it. Whoever approves it"
    " cannot be the one who launches it."
)
_FOOT = "You get this because you may approve experiments here, and so may others: one is enough."


def send_all(
    session: Session,
    letters: Letters,
    experiment: Experiment,
    *,
    people: int,
    by: str,
    involved: Collection[str],
    now: datetime,
) -> int:
    """Ask everybody who may approve and is not involved; how many. Raises Conflict for nobody."""
    asked = _who_may(session, involved)
    if not asked:
        raise Conflict(
            "Nobody else here may approve it. An admin invites somebody as an editor, or makes a"
            " viewer one."
        )
    for user in asked:
        _send(session, letters, user, experiment, people=people, by=by, now=now)
    return len(asked)


def _who_may(session: Session, involved: Collection[str]) -> Sequence[User]:
    every = identity.users(session)
    return [one for one in every if one.id not in involved and Role(one.role).may(Role.EDITOR)]


def _send(
    session: Session,
    letters: Letters,
    user: User,
    experiment: Experiment,
    *,
    people: int,
    by: str,
    now: datetime,
) -> None:
    goes_to = figures.plural(people, "person", "people")
    letters.queue_one(
        session,
        user.email,
        kind="approval",
        subject=f"{by} asks you to approve “{experiment.name}”",
        heading=f"“{experiment.name}” goes to {goes_to}, and waits for a second person",
        paragraphs=[
            f"{by} asks for a second look. {_WHAT}",
        ],
        link=f"{letters.settings.public_url}/experiments/{experiment.id}/approve",
        label="Look at it",
        foot=_FOOT,
        now=now,
    )
