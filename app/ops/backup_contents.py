"""What is in a backup, once every byte of it was checked: nothing of it is written here."""

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.ops.backing_up import (
    FOLDER,
    HITS,
    IMPORTS,
    KEYS,
    RANGES,
    ROWS,
    SETTINGS,
    environment_of,
)
from app.platform import keys, migrate
from app.platform.config import Settings
from app.platform.days import Moment
from app.platform.every_row import Shape
from app.platform.migrate import WrongSchema
from app.platform.sealed import Broken, Sealed

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Kind = Literal["text", "number", "yes_no", "moment", "bytes"]
_PLACES = (f"{HITS}/", f"{IMPORTS}/", f"{RANGES}/")
_FOLDER_ID = re.compile(rb"[0-9A-Za-z-]{1,64}\s*")
_SETTING = re.compile(r"THINSLICE_[!-<>-~]+")


class Table(BaseModel):
    """One table as the backup tells it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    columns: dict[_Name, _Kind]
    rows: int = Field(ge=0)
    chunks: int = Field(ge=0)

    @property
    def shape(self) -> Shape:
        """Its columns in the order in which their values stand."""
        return Shape(self.name, self.columns)

    @property
    def parts(self) -> list[str]:
        """The names of the parts that hold its rows."""
        return [f"{ROWS}/{self.name}/{number:06d}.gz" for number in range(1, self.chunks + 1)]


class _About(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    made_at: Moment
    version: str
    database: str
    schema_: str = Field(alias="schema")
    tables: list[Table]


class Contents:
    """A backup that is sound and that this version can read."""

    def __init__(self, path: Path) -> None:
        """Raises Broken, or WrongSchema where a later version made it."""
        self._sealed = Sealed(path)
        try:
            self._about = _About.model_validate(self._sealed.about)
        except ValidationError as error:
            raise Broken(f"{path.name} says of itself what no backup says.") from error
        self.seal = self._sealed.seal
        self._tables = {table.name: table for table in self._about.tables}
        self.files = self._files(path)
        self._check_single(path)
        if not migrate.knows(self.schema):
            raise WrongSchema(
                f"{path.name} was made by Thinslice {self.version}, whose database is ahead of this"
                f" version (it is at {self.schema}). Install that version or a later one, and"
                " restore it there. Nothing was written."
            )

    @property
    def made_at(self) -> datetime:
        """When it was begun: whatever was answered until then is in it."""
        return self._about.made_at

    @property
    def version(self) -> str:
        """Of the Thinslice that made it."""
        return self._about.version

    @property
    def schema(self) -> str:
        """The revision of its tables."""
        return self._about.schema_

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self._about.tables)

    @property
    def tables(self) -> Sequence[Table]:
        """All of them."""
        return self._about.tables

    def table(self, name: str) -> Table:
        """One table. Raises Broken where the backup lacks it."""
        if name not in self._tables:
            raise Broken(f"The table {name} is missing in this backup.")
        return self._tables[name]

    def chunks(self, table: Table) -> Iterator[bytes]:
        """A table's rows, some megabytes at a time."""
        return (self._sealed.unpacked(part) for part in table.parts)

    def check_rows(self, table: Table, found: int) -> None:
        """Raises Broken where another number of rows was found than is told."""
        if found != table.rows:
            raise Broken(f"{found} rows of {table.name} were found, and {table.rows} are told.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's bytes."""
        return self._sealed.pieces(name)

    def secrets(self, settings: Settings) -> tuple[bytes, ...]:
        """The keys of the installation to be: of this environment, else of the backup."""
        if settings.secret_keys:
            return keys.given(settings.secret_keys)
        return tuple(self._sealed.content(KEYS).split())

    def differing(self, settings: Settings) -> tuple[str, ...]:
        """Names of settings that were made otherwise where it was taken."""
        theirs = _by_name(self._sealed.content(SETTINGS))
        ours = _by_name(environment_of(settings).encode())
        names = sorted((theirs.keys() | ours.keys()) - _PLACES_ANEW)
        return tuple(name for name in names if theirs.get(name) != ours.get(name))

    def _files(self, path: Path) -> list[str]:
        """The parts that become files. Raises Broken where a part is missing or nobody's."""
        told = [part for table in self._about.tables for part in table.parts]
        rest = [name for name in self._sealed.names if not name.startswith(f"{ROWS}/")]
        files = [name for name in rest if name in _SINGLE or name.startswith(_PLACES)]
        rows = [name for name in self._sealed.names if name.startswith(f"{ROWS}/")]
        folders = {RANGES, *(str(one) for name in files for one in PurePosixPath(name).parents)}
        is_placed = len(files) + 1 == len(rest) and folders.isdisjoint(files)
        if rows != told or not is_placed or not set(_SINGLE) <= set(files):
            raise Broken(f"{path.name} lacks a part, or has one that no backup has.")
        return files

    def _check_single(self, path: Path) -> None:
        """Raises Broken where a start would stumble over keys, folder or settings."""
        try:
            _by_name(self._sealed.content(SETTINGS))
            self._sealed.content(KEYS).decode("ascii")
        except ValueError as error:
            raise Broken(f"{path.name} holds keys or settings that nobody can read.") from error
        is_named = _FOLDER_ID.fullmatch(self._sealed.content(FOLDER))
        if not is_named or not self._sealed.content(KEYS).split():
            raise Broken(f"{path.name} does not say which keys and which folder it is of.")


_PLACES_ANEW = {"THINSLICE_DATA_DIR", "THINSLICE_DATABASE_URL"}  # meant to be others
_SINGLE = (KEYS, FOLDER, SETTINGS)


def _by_name(environment: bytes) -> dict[str, str]:
    """As a shell reads it: a value may have lines of its own. Raises ValueError."""
    words = (word.partition("=") for word in shlex.split(environment.decode()))
    made = {name: value for name, _, value in words}
    if strange := [name for name in made if not _SETTING.fullmatch(name)]:
        raise ValueError(f"{len(strange)} names are no settings")
    return made
