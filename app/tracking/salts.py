"""Addresses are kept as a key that nobody can turn back once its day is over."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

_BYTES = 32


class Salts:
    """One random secret a day, shared by the processes of a data folder, then destroyed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = -1
        self._salt = b""

    def of(self, day: int) -> bytes:
        """The salt of a day (days since 1970). Asking for a new day destroys the older ones."""
        if day != self._day:
            self._salt = self._shared(day)
            self._day = day
        return self._salt

    def destroy_older(self, day: int) -> None:
        """Of the days before, nobody can tell any more whose key is whose."""
        for path in self._folder.glob("*.salt"):
            if path.stem.isdecimal() and int(path.stem) < day:
                path.unlink(missing_ok=True)

    def _shared(self, day: int) -> bytes:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.destroy_older(day)
            return _read_or_make(self._folder / f"{day}.salt")
        except OSError:  # a full disk: a salt of our own still hides the address
            return secrets.token_bytes(_BYTES)


def _read_or_make(path: Path) -> bytes:
    """The first of several processes makes it, under a name that is whole from the beginning."""
    mine = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    return path.read_bytes()
