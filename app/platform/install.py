"""What there is once per installation: the numbers that are given out, and which keys it knows."""

from collections.abc import Sequence
from datetime import datetime
from random import Random, SystemRandom

from sqlalchemy import BigInteger, bindparam, select, text
from sqlmodel import Field, Session, SQLModel, col

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.errors import Conflict

_ONLY = 1  # the id of the one row
_COUNT_BITS = 32  # decision 10: a send's id is epoch << 32 | count, a destination set's has 32 bits
_EPOCH_BITS = 31  # the id stays a positive 64-bit number
_SETS_LEFT_OUT = 1 << 20  # by a restore: more arms than anybody launches between two backups


class Install(SQLModel, table=True):
    """The one row. The epoch is drawn anew at every restore, so that no id is given out twice."""

    __tablename__ = "install"

    id: int = Field(default=_ONLY, primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
    next_send: int = Field(default=1, sa_type=BigInteger)
    next_set: int = Field(default=1, sa_type=BigInteger)
    key_fingerprints: list[str] = Field(default_factory=list, sa_type=Json)
    paused_sending: bool = False  # a restored copy sends nothing until it is released
    created_at: datetime = Field(sa_type=UtcDateTime)
    fits_from: str | None = None  # the revision whose code can live with what a later one made
    start_away_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the start list


class OtherKeys(Conflict):
    """This process would refuse links that are in somebody's inbox."""

    title = "The secret keys do not fit"


_ENSURE = text("""
    -- One row, made by whoever comes first.
    INSERT INTO install
           (id, epoch, next_send, next_set, key_fingerprints, paused_sending, created_at)
    VALUES (1, :epoch, 1, 1, :none, FALSE, :now)
        ON CONFLICT (id) DO NOTHING
""").bindparams(bindparam("none", type_=Json), bindparam("now", type_=UtcDateTime()))

_TAKE_SENDS = text("""
    -- The epoch and the first count after those that were taken; whoever else takes some, waits.
    UPDATE install SET next_send = next_send + :count WHERE id = 1
    RETURNING epoch, next_send
""")

_BEGIN_ANEW = text("""
    -- A restored copy: numbers that the one before may have given out since are left out.
    UPDATE install
       SET epoch = :epoch, next_send = 1, next_set = next_set + :gap, paused_sending = TRUE
     WHERE id = 1
    RETURNING next_set
""")

_TAKE_SET = text("""
    -- The number after the one that was taken.
    UPDATE install SET next_set = next_set + 1 WHERE id = 1 RETURNING next_set
""")


def ensure(session: Session, *, now: datetime, rng: Random | None = None) -> None:
    """Make the installation's row where it is missing."""
    epoch = (rng or SystemRandom()).randrange(1, 1 << _EPOCH_BITS)
    session.execute(_ENSURE, {"epoch": epoch, "none": [], "now": now})


def note_fits_from(session: Session, revision: str) -> None:
    """Let versions that know this revision go on beside ours."""
    row = session.get_one(Install, _ONLY)
    row.fits_from = revision
    session.add(row)


def begin_anew(session: Session, *, rng: Random | None = None) -> None:
    """In a restored copy: a new epoch, and nothing is sent until it is released."""
    row = session.get_one(Install, _ONLY)
    epoch = row.epoch
    while epoch == row.epoch:
        epoch = (rng or SystemRandom()).randrange(1, 1 << _EPOCH_BITS)
    _check_room(session.execute(_BEGIN_ANEW, {"epoch": epoch, "gap": _SETS_LEFT_OUT}).scalar_one())


def is_held(session: Session) -> bool:
    """Whether this is a restored copy that nobody has released yet: it sends nothing."""
    return bool(session.scalar(select(col(Install.paused_sending)).where(col(Install.id) == _ONLY)))


def begun(session: Session) -> datetime | None:
    """When this installation was made."""
    return session.scalar(select(col(Install.created_at)).where(col(Install.id) == _ONLY))


def let_go(session: Session) -> None:
    """From now on it sends."""
    row = session.get_one(Install, _ONLY, with_for_update=True)
    row.paused_sending = False
    session.add(row)


def take_send_ids(session: Session, count: int) -> range:
    """Numbers that no send of this installation has had, nor of any copy of it."""
    epoch, following = session.execute(_TAKE_SENDS, {"count": count}).one()
    _check_room(following)
    last = (epoch << _COUNT_BITS) | following
    return range(last - count, last)


def take_set_id(session: Session) -> int:
    """A number for the links of one arm."""
    following = session.execute(_TAKE_SET).scalar_one()
    _check_room(following)
    return int(following) - 1


def check_keys(session: Session, fingerprints: Sequence[str]) -> None:
    """Remember new keys. Raises OtherKeys where this process lacks one that signed before."""
    row = session.get(Install, _ONLY, with_for_update=True)
    if row is None:
        return
    look_at_keys(session, fingerprints)
    new = [fingerprint for fingerprint in fingerprints if fingerprint not in row.key_fingerprints]
    if new:
        row.key_fingerprints = [*row.key_fingerprints, *new]
        session.add(row)
        session.flush()


def look_at_keys(session: Session, fingerprints: Sequence[str]) -> None:
    """The same, and nothing is remembered."""
    row = session.get(Install, _ONLY)
    if row is not None and set(row.key_fingerprints) - set(fingerprints):
        raise OtherKeys(
            "This process lacks a secret key that this installation has used: links in mails that"
            " were sent would stop working. Copy THINSLICE_SECRET_KEYS (or the file `keys` of"
            " the data folder) from the machine that has it, and start again."
        )


def _check_room(following: int) -> None:
    if following >= 1 << _COUNT_BITS:
        raise Conflict(
            "All numbers of this epoch are given out. Restore a backup to draw a new one."
        )
