"""`thinslice demo`: its own folder, loopback only; seeded once, served, and visited."""

import asyncio
import os
import random
import secrets
import shutil
import threading
from pathlib import Path

from app.delivery import mail_store
from app.demo.customers import Customers
from app.demo.seed import Seeder
from app.identity import passwords, users
from app.ops import supervise
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from app.platform.config import Settings
from app.platform.errors import Conflict

_HOST = "127.0.0.1"
_SEED = 1847  # any number: the same bakers every time
_EMAIL = "ann@halvern.example"


def run_demo(*, port: int, data: Path) -> None:
    """Seed where nothing is yet, then serve until Ctrl-C; again continues."""
    listener = supervise.listen(_HOST, port)
    settings = _settings(port, data)
    _begin_anew_if_unfinished(data)
    house = open_house(settings)
    password = _seed_once(house, data)
    print(_GREETING.format(url=settings.public_url, email=_EMAIL, password=password), flush=True)  # noqa: T201 - what the command is asked for
    stopping = threading.Event()
    visiting = threading.Thread(target=_customers(house).live, args=(stopping,), daemon=True)
    visiting.start()
    children = supervise.children_of(listener, kind="web", processes=1, sender=True)
    supervise.Supervisor(children, settings).run()
    stopping.set()
    visiting.join(10)


_GREETING = """
  Halvern is ready: {url}

    log in as  {email}
    password   {password}

  Its customers click by themselves. Ctrl-C stops; the same command goes on.
"""


def _settings(port: int, data: Path) -> Settings:
    """Nothing of the environment: a demo never mails anybody, nor touches another database."""
    for name in [name for name in os.environ if name.startswith("THINSLICE_")]:
        del os.environ[name]
    return config.load(
        data_dir=data,
        database_url=f"sqlite:///{data.resolve() / 'thinslice.db'}",
        public_url=f"http://{_HOST}:{port}",
        mail="outbox:",
        mail_from="insights@halvern.example",
        postal_address="Halvern AS, Storgata 1, Oslo",
        demo=True,
    )


def _begin_anew_if_unfinished(data: Path) -> None:
    """A demo that was cut off while it was seeded begins again; any other folder is left alone."""
    if not data.exists() or (data / "seeded").exists() or not any(data.iterdir()):
        return
    if not (data / "demo").exists():
        raise Conflict(f"{data} is not a demo's folder. Choose another with --data.")
    shutil.rmtree(data)


def _seed_once(house: House, data: Path) -> str:
    kept = data / "password"
    if (data / "seeded").exists():
        prepare(house)
        return kept.read_text()
    (data / "demo").touch()
    print("Seeding Halvern: three months of work in a few seconds …", flush=True)  # noqa: T201 - what the command is asked for
    prepare(house)
    password = secrets.token_urlsafe(12)
    hashed = passwords.hashed(password)
    with house.database.write() as session:
        users.add(session, email=_EMAIL, name="Ann", role="admin", password=hashed, now=clock.now())
    asyncio.run(Seeder(house, random.Random(_SEED), clock.now()).seed())  # noqa: S311 - a story, not a secret
    descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    (data / "seeded").touch()
    return password


def _customers(house: House) -> Customers:
    with house.database.read() as session:
        latest = mail_store.outbox_page(session, before=None, limit=1)
    seen = latest[0].id if latest else ""
    return Customers(house.database, random.Random(), seen)  # noqa: S311 - when a baker reads mail is no secret
