"""Anything in any order: a local admin who can log in always exists, and sessions are as they were.

A small model keeps who there is, with what role, and where they are logged in; each step says
beforehand whether it must be refused.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlmodel import Session, select

from app.identity import sessions, store, users
from app.identity.models import LoginSession, User
from app.identity.oidc import arrivals, log_out
from app.identity.oidc.arrivals import Arrival, NotLetIn
from app.identity.passwords import Hashed
from app.identity.secrets import kept
from app.identity.sessions import Came
from app.platform import config
from app.platform.config import Settings
from app.platform.errors import Conflict
from tests.identity.scenes import NOW

ISSUER = "https://id.example"
GROUPS = {"admins": "admin", "product": "editor", "staff": "viewer"}
ROLES = ("viewer", "editor", "admin")
NAMES = tuple("abcdefgh")
STEPS = 150
A_HASH = Hashed("kept as it was never typed")


@dataclass
class Known:
    """Somebody, as they must be."""

    role: str
    has_password: bool
    subject: str | None = None
    is_here: bool = True

    @property
    def is_local_admin(self) -> bool:
        return self.is_here and self.has_password and self.role == "admin"


@dataclass
class Town:
    """What must be so."""

    session: Session
    settings: Settings
    rng: Random
    people: dict[str, Known] = field(default_factory=dict)  # by name
    open: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # id: whose, sid
    count: int = 0

    def row(self, name: str) -> User:
        found = store.user_by_email(self.session, f"{name}@halvern.example")
        assert found
        return found

    def is_last(self, name: str) -> bool:
        locals_ = [one for one, known in self.people.items() if known.is_local_admin]
        return locals_ == [name]

    def here(self) -> list[str]:
        return [name for name, known in self.people.items() if known.is_here]

    def end(self, name: str, *, only_by_provider: bool = False) -> None:
        self.open = {
            one: (whose, sid)
            for one, (whose, sid) in self.open.items()
            if whose != name or (only_by_provider and sid is None)
        }

    def add(self) -> None:
        fresh = [name for name in NAMES if name not in self.people]
        if not fresh:
            return
        name, role = self.rng.choice(fresh), self.rng.choice(ROLES)
        email = f"{name}@halvern.example"
        users.add(self.session, email=email, name=name, role=role, password=A_HASH, now=NOW)
        self.people[name] = Known(role, has_password=True)

    def change_role(self) -> None:
        name, role = self.rng.choice(self.here()), self.rng.choice(ROLES)
        if self.is_last(name) and role != "admin":
            with pytest.raises(Conflict):
                users.change_role(self.session, self.row(name), role, now=NOW)
            return
        users.change_role(self.session, self.row(name), role, now=NOW)
        self.people[name].role = role

    def remove(self) -> None:
        name = self.rng.choice(self.here())
        if self.is_last(name):
            with pytest.raises(Conflict):
                users.remove(self.session, self.row(name), now=NOW)
            return
        users.remove(self.session, self.row(name), now=NOW)
        self.people[name].is_here = False
        self.end(name)

    def set_password(self) -> None:
        name = self.rng.choice(self.here())
        users.change_password(self.session, self.row(name), A_HASH, now=NOW)
        self.people[name].has_password = True
        self.end(name)

    def log_in(self) -> None:
        name = self.rng.choice(self.here())
        if self.people[name].has_password:
            self._begin(self.row(name), name, None)

    def arrive(self) -> None:
        name = self.rng.choice(NAMES)
        group = self.rng.choice((*GROUPS, "guests"))
        known = self.people.get(name)
        arrival = Arrival(
            ISSUER, f"sub-{name}", f"{name}@halvern.example", name, frozenset({group})
        )
        if (known and not known.is_here and known.subject) or group == "guests":
            with pytest.raises(NotLetIn) as refused:
                arrivals.welcome(self.session, arrival, self.settings, now=NOW)
            arrivals.turn_away(self.session, arrival, refused.value, now=NOW)
            if known and known.subject:
                self.end(name, only_by_provider=True)
            return
        stays = self.is_last(name)
        user = arrivals.welcome(self.session, arrival, self.settings, now=NOW)
        if known is None or not known.is_here:
            known = self.people[name] = Known("viewer", has_password=False)
        known.subject = arrival.subject
        known.role = "admin" if stays else GROUPS[group]
        self.count += 1
        self._begin(user, name, f"sid{self.count}")

    def log_out(self) -> None:
        if self.open:
            one = self.rng.choice(list(self.open))
            store.end_session(self.session, one)
            del self.open[one]

    def end_others(self) -> None:
        if self.open:
            one = self.rng.choice(list(self.open))
            name = self.open[one][0]
            store.end_other_sessions(self.session, self.row(name).id, kept=one)
            mine = self.open[one]
            self.end(name)
            self.open[one] = mine

    def told(self) -> None:
        """The provider ends one of its sessions, or all of somebody's."""
        came = [(whose, sid) for whose, sid in self.open.values() if sid]
        if not came:
            return
        name, sid = self.rng.choice(came)
        self.count += 1
        claims = {"iss": ISSUER, "jti": f"j{self.count}"}
        if self.rng.random() < 0.5:
            log_out.end(self.session, claims | {"sid": sid}, now=NOW)
            self.open = {one: held for one, held in self.open.items() if held[1] != sid}
        else:
            log_out.end(self.session, claims | {"sub": f"sub-{name}"}, now=NOW)
            self.end(name, only_by_provider=True)

    def _begin(self, user: User, name: str, sid: str | None) -> None:
        came = Came(issuer=ISSUER if sid else None, sid=sid)
        secret = sessions.begin(self.session, user, now=NOW, came=came).secret
        self.open[kept(secret)] = (name, sid)

    def check(self) -> None:
        self.session.flush()
        assert any(
            user.role == "admin" and user.password_hash for user in store.users(self.session)
        )
        assert {
            user.email.partition("@")[0]: (user.role, user.has_password)
            for user in store.users(self.session)
        } == {
            name: (known.role, known.has_password)
            for name, known in self.people.items()
            if known.is_here
        }
        rows = self.session.exec(select(LoginSession)).all()
        assert {row.id: row.sid for row in rows} == {
            one: sid for one, (_, sid) in self.open.items()
        }
        for one, (name, _) in self.open.items():
            whose = store.session_of(self.session, one, now=NOW + timedelta(hours=1))
            assert whose
            assert whose[1].email == f"{name}@halvern.example"


@pytest.mark.parametrize("seed", range(4))
def test_a_local_admin_who_can_log_in_always_exists(session: Session, tmp_path: Path, seed: int):
    settings = config.load(
        data_dir=tmp_path,
        oidc_issuer=ISSUER,
        oidc_client_id="c",
        oidc_roles=tuple(GROUPS.items()),
        oidc_join_by_email=True,
    )
    town = Town(session, settings, Random(seed))
    users.add(session, email="a@halvern.example", name="a", role="admin", password=A_HASH, now=NOW)
    town.people["a"] = Known("admin", has_password=True)
    steps = (
        town.add, town.change_role, town.change_role, town.remove, town.set_password, town.log_in,
        town.arrive, town.arrive, town.arrive, town.log_out, town.end_others, town.told,
    )  # fmt: skip

    for _ in range(STEPS):
        town.rng.choice(steps)()
        town.check()

    assert len(town.people) == len(NAMES)
