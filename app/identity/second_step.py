"""Beside the password a code from the app of one's phone, or one of ten that were written down.

It is asked for with a password only: whoever comes by the provider did there what it asks for.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.identity import second_step_store as store
from app.identity import totp
from app.identity.models import HalfLogIn, RecoveryCode, SecondStep, User
from app.identity.secrets import fresh, kept
from app.platform.errors import Conflict, Invalid
from app.platform.vault import Vault

LASTS = timedelta(minutes=10)  # from the password to the code
_SECRET_BYTES = 20  # as long as the hash (RFC 4226, 4)
_CODES = 10
_MOST_WRONG = 5  # then the password is asked for again, and that is throttled
_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is read as another
_CODE_CHARS = 12  # of 31 signs: 59 bits
_NOISE = re.compile(r"[\s-]+")


class Proof(StrEnum):
    """What opened."""

    APP = "app"
    RECOVERY = "recovery code"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What one's phone is shown."""

    secret: str  # in base 32, to be typed where no camera is
    address: str


@dataclass(frozen=True, slots=True)
class Half:
    """Somebody whose password was right."""

    user_id: str
    onward: str
    proof: Proof | None  # None: the code was wrong


def is_on(session: Session, user_id: str) -> bool:
    """Whether a code is asked for."""
    row = session.get(SecondStep, user_id)
    return row is not None and row.since is not None


def begin(session: Session, user: User, vault: Vault) -> Enrolment:
    """A new secret, that counts once a code of it was typed."""
    if is_on(session, user.id):
        raise Conflict("A code is asked for already. Turn that off first.")
    if not user.has_password:
        raise Conflict("You come by the identity provider: it may ask for a code, we do not.")
    raw = secrets.token_bytes(_SECRET_BYTES)
    session.merge(SecondStep(user_id=user.id, secret=_sealed(raw, user.id, vault)))
    return _enrolment(raw, user)


def under_way(session: Session, user: User, vault: Vault) -> Enrolment | None:
    """What was begun and not confirmed, shown again."""
    row = session.get(SecondStep, user.id)
    if row is None or row.since is not None:
        return None
    return _enrolment(_opened(row, vault), user)


def confirm(
    session: Session, user: User, code: str, vault: Vault, *, now: datetime
) -> Sequence[str]:
    """Ask for codes from now on. The recovery codes, told this once."""
    row = session.get(SecondStep, user.id)
    if row is None or row.since is not None:
        raise Conflict("Begin again: nothing waits for a code.")
    step = totp.step_of(_opened(row, vault), _bare(code), now=now)
    if step is None:
        raise Invalid.at("code", _WRONG_APP)
    row.since, row.used_step = now, step
    session.add(row)
    return new_codes(session, user.id)


def new_codes(session: Session, user_id: str) -> Sequence[str]:
    """Ten new recovery codes; those of before open nothing."""
    store.forget_codes(session, user_id)
    codes = [_recovery_code() for _ in range(_CODES)]
    session.add_all(RecoveryCode(hash=_hash(user_id, code), user_id=user_id) for code in codes)
    return codes


def turn_off(session: Session, user_id: str) -> None:
    """No code is asked for any more."""
    store.forget(session, user_id)


def wait(session: Session, user: User, *, onward: str, now: datetime) -> str:
    """Remember that the password was right; the secret that the browser takes along."""
    secret = fresh()
    store.forget_old(session, now=now)
    row = HalfLogIn(id=kept(secret), user_id=user.id, onward=onward, expires_at=now + LASTS)
    session.add(row)
    return secret


def waiting(session: Session, secret: str, *, now: datetime) -> HalfLogIn | None:
    """A browser whose password was right a moment ago; None where it has to be said again."""
    row = session.get(HalfLogIn, kept(secret)) if secret else None
    if row is None or row.expires_at <= now or row.wrong >= _MOST_WRONG:
        return None
    return row


def answer(session: Session, row: HalfLogIn, code: str, vault: Vault, *, now: datetime) -> Half:
    """Try a code; a wrong one is counted, a right one opens once."""
    proof = prove(session, row.user_id, code, vault, now=now)
    half = Half(row.user_id, row.onward, proof)
    if proof is None:
        row.wrong += 1
        session.add(row)
    else:
        session.delete(row)
    return half


def prove(
    session: Session, user_id: str, code: str, vault: Vault, *, now: datetime
) -> Proof | None:
    """Whether this code opens, now and once: of two who use it at once, one comes in."""
    row = session.get(SecondStep, user_id)
    if row is None or row.since is None:
        return None
    typed = _bare(code)
    step = totp.step_of(_opened(row, vault), typed, now=now) if typed.isascii() else None
    if step is not None:
        return Proof.APP if store.use_step(session, user_id, step) else None
    return Proof.RECOVERY if store.use_code(session, _hash(user_id, typed)) else None


def codes_left(session: Session, user_id: str) -> int:
    """How many recovery codes still open."""
    return store.codes_left(session, user_id)


def _enrolment(raw: bytes, user: User) -> Enrolment:
    written = base64.b32encode(raw).decode()
    return Enrolment(written, totp.address(written, account=user.email, issuer="Thinslice"))


def _sealed(raw: bytes, user_id: str, vault: Vault) -> str:
    return vault.seal({"totp": base64.b32encode(raw).decode()}, owner=f"second_step {user_id}")


def _opened(row: SecondStep, vault: Vault) -> bytes:
    return base64.b32decode(vault.open(row.secret, owner=f"second_step {row.user_id}")["totp"])


def _recovery_code() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _ in range(_CODE_CHARS))
    return "-".join(signs[at : at + 4] for at in range(0, _CODE_CHARS, 4))


def _bare(code: str) -> str:
    return _NOISE.sub("", code).lower()


def _hash(user_id: str, code: str) -> str:
    return kept(f"recovery {user_id} {_bare(code)}")


_WRONG_APP = (
    "This is not the code that the app shows now. Look whether the phone's clock is right, and type"
    " the next one."
)
