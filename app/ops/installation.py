"""What every process of ours opens first: settings, keys, folders and the database."""

import logging
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.identity import audit, setup
from app.links.keyring import Keyring
from app.ops import own_settings, stored
from app.platform import clock, install, keys, locks, migrate
from app.platform.afar import Afar
from app.platform.away import AWAY, tell
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.stir import Seldom, Stir
from app.tracking import alike
from app.tracking.folders import Folder
from app.tracking.range_files import RANGES

UNFINISHED = "restoring"  # in a data folder: a restore into it did not come to its end
log = logging.getLogger(__name__)


class HalfRestored(Conflict):
    """Nothing may run on what a killed restore left."""

    title = "A restore did not finish"


class NoInstallation(Conflict):
    """What only looks, or works on what is there, makes nothing."""

    title = "There is no installation here"


@dataclass(frozen=True, slots=True)
class House:
    """What every process of ours opens first."""

    settings: Settings
    database: Database
    keyring: Keyring
    folder: Folder  # what the database knows this data folder by
    secrets: tuple[bytes, ...] = field(repr=False, default=())  # what the keyring was made of

    @property
    def locks(self) -> tuple[Path, Path]:
        """What the ingester holds, and the sender: there is one of each in a folder."""
        return self.settings.data_dir / "ingester.lock", self.settings.data_dir / "sender.lock"

    def seconds(self) -> list[str]:
        """What waits because it was started twice, in words."""
        return [locks.second_in_words(lock) for lock in self.locks if locks.is_waited_for(lock)]

    @property
    def hits(self) -> Path:
        """Where the journal of hits is."""
        return self.settings.hits

    @property
    def folder_id(self) -> str:
        """What tells this data folder from another one on the same database."""
        return self.folder.id

    @property
    def ranges(self) -> Path:
        """Where lists of address ranges are: beside the hits that they place."""
        return self.hits / RANGES

    @property
    def imports(self) -> Path:
        """Where uploaded files wait to be read."""
        return self.settings.data_dir / "imports"

    @property
    def sends(self) -> Path:
        """Where the sender's journal is."""
        return self.settings.data_dir / "sends"

    @property
    def meters(self) -> Path:
        """Where its processes keep what they count."""
        return self.settings.data_dir / "meters"

    @property
    def stir(self) -> Stir:
        """What tells the loops of this machine that something was written."""
        file = self.database.file
        return Stir(
            file.with_name(f"{file.name}-stir") if file else self.settings.data_dir / "stir"
        )

    def note(self) -> None:
        """Something was written that somebody may wait for, on this machine or another."""
        self.stir.note()
        if afar := self._afar:
            afar.note()

    def signs(self, *, afar_seconds: float) -> Callable[[], object]:
        """What is another value after something was written: at once here, so late elsewhere."""
        near, afar = self.stir, self._afar
        if afar is None:
            return near.seen
        seldom = Seldom(afar.seen, seconds=afar_seconds)
        return lambda: (near.seen(), seldom())

    @property
    def _afar(self) -> Afar | None:
        return None if self.database.is_sqlite else Afar(self.database.engine)

    @property
    def snapshot(self) -> Path:
        """The destinations from which a start serves while the database is away."""
        return self.settings.data_dir / "destinations.snapshot"


def open_house(settings: Settings) -> House:
    """Keys, folders and database; nothing is asked of the database yet. Raises HalfRestored."""
    if (settings.data_dir / UNFINISHED).exists():
        raise HalfRestored(
            f"A restore into {settings.data_dir} runs, or did not come to its end. If none runs,"
            " give the same `thinslice restore` again."
        )
    secrets = keys.load_or_make(settings)
    keyring = Keyring.of(secrets)
    prints = own_settings.prints(settings, keyring)
    folder_id, place = keys.folder_id(settings.data_dir)
    house = House(
        settings=settings,
        database=Database(settings.database),
        keyring=keyring,
        folder=Folder(folder_id, settings.data_dir, place, alike.written(prints)),
        secrets=secrets,
    )
    house.database.on_write(house.note)
    house.database.on_damage(stored.find)
    house.database.at_last(audit.Seals(house.keyring.seals).close)
    for folder in (house.hits, house.imports, house.sends):
        folder.mkdir(exist_ok=True, mode=0o700)
    return house


def refuse_nothing(settings: Settings) -> None:
    """Raises NoInstallation where nobody began one, by `serve --migrate`, `migrate` or `restore`.

    Asked before anything is opened, for that makes files, and a restore wants an empty folder.
    """
    if not _is_there(settings):
        raise NoInstallation(
            f"There is no installation in {settings.data_dir.absolute()} yet, and none was made."
            " `thinslice serve --migrate` begins one, and `thinslice restore` puts a backup there."
            " If it is elsewhere, say so with THINSLICE_DATA_DIR and THINSLICE_DATABASE_URL."
        )


def _is_there(settings: Settings) -> bool:
    """A file of SQLite with anything in it; for a server, the keys that its rows were made with."""
    if (settings.data_dir / UNFINISHED).exists():
        return True  # and nothing opens it: that is said better there
    with closing(Database(settings.database)) as database:
        file = database.file
    if file is not None:
        return file.exists() and bool(file.stat().st_size)
    return bool(settings.secret_keys) or (settings.data_dir / "keys").exists()


def refuse_misfits(house: House) -> None:
    """A database that was reached and does not fit prevents a start; one out of reach does not."""
    try:
        check(house)
    except AWAY as error:
        tell(log, error, what="Nothing but known links works for now")


def check(house: House) -> None:
    """Raises where the database does not fit, one of AWAY where it cannot be asked."""
    migrate.check(house.database)
    with house.database.write() as session:
        install.check_keys(session, house.keyring.fingerprints())


def meet(house: House) -> None:
    """Ask the database for anything: what this process does first is by its clock already."""
    with suppress(*AWAY), house.database.read():
        pass


def prepare(house: House) -> str | None:
    """Migrate and make the installation's row; the set-up token, while nobody can log in."""
    is_ours = migrate.to_head(house.database)
    with house.database.write() as session:
        install.ensure(session, now=clock.now())
        if is_ours:
            install.note_fits_from(session, migrate.fits_from())
        install.check_keys(session, house.keyring.fingerprints())
        return setup.issue(session, now=clock.now())


def set_up_token(house: House) -> str | None:
    """A new set-up token while nobody can log in; None once somebody can, or without a database."""
    try:
        with house.database.write() as session:
            return setup.issue(session, now=clock.now())
    except AWAY:
        return None
