"""Watches that nobody waits for the database while a user's text is worked on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.platform import bounded
from app.platform.bounded import Pool
from app.platform.db import Database

QUICK_SECONDS = 0.3


@contextmanager
def with_little_patience(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """What takes longer than QUICK_SECONDS is stopped: the same as with the limit of the product.

    Tests of `bounded` and one of a template hold to that limit itself.
    """
    pool = Pool(2, one_seconds=QUICK_SECONDS)
    patch.setattr(bounded, "ask", pool.ask)
    yield
    pool.close()


@contextmanager
def refusing_to_wait(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fails where a text is worked on while a transaction that changes something is open."""
    writing, asked = [0], []
    write, ask = Database.write, bounded.ask

    @contextmanager
    def watched(self: Database, *args: Any, **more: Any) -> Iterator[Any]:
        with write(self, *args, **more) as session:
            writing[0] += 1
            try:
                yield session
            finally:
                writing[0] -= 1

    def asking(work: Any, *args: Any, **more: Any) -> Any:
        asked.append(work.__name__)
        assert writing[0] == 0, f"{work.__name__} while somebody waits for the database"
        return ask(work, *args, **more)

    patch.setattr(Database, "write", watched)
    patch.setattr(bounded, "ask", asking)
    yield asked
