"""PNG is drawn beside the process that answers clicks, a few at once, and kept for a while."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.platform import bounded
from app.platform.errors import Unavailable
from app.platform.pictures import drawer as drawers
from app.platform.pictures.drawer import Drawer

_SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"><rect/></svg>'


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    drawer = Drawer(kept_bytes=300)
    own = drawer._pool
    yield drawer
    own.close()


def test_nobody_waits_for_a_picture_with_the_interpreter_in_hand(drawer: Drawer):
    drawer.png(_SQUARE.format(10))  # its child begins
    began = time.thread_time()

    drawn = drawer.png(_SQUARE.format(900))

    assert drawn.startswith(b"\x89PNG")
    assert time.thread_time() - began < 0.02


def test_what_looks_the_same_is_drawn_once_and_the_oldest_makes_room(
    drawer: Drawer, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    pool = bounded.Pool.ask

    def ask(self: bounded.Pool, work: object, svg: str) -> object:
        asked.append(svg)
        return pool(self, work, svg)  # type: ignore[arg-type]  # as it is asked

    monkeypatch.setattr(bounded.Pool, "ask", ask)
    drawings = [_SQUARE.format(wide) for wide in (4, 5, 6, 7, 8)]
    made = [drawer.png(one) for one in (*drawings, drawings[-1], drawings[0])]

    assert made[4] == made[5]
    assert made[0] == made[6]
    assert asked == [*drawings, drawings[0]]


class Busy:
    """Draws nothing before it may."""

    def __init__(self) -> None:
        self.may = threading.Event()

    def ask(self, *_: object) -> bytes:
        assert self.may.wait(30)
        return b"\x89PNG"


def test_a_flood_is_told_to_come_again_and_holds_few_threads(
    drawer: Drawer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(drawers, "_PATIENCE_SECONDS", 0.01)
    busy = Busy()
    monkeypatch.setattr(drawer, "_pool", busy)
    refused: list[str] = []

    def ask(svg: str) -> bytes:
        try:
            return drawer.png(svg)
        except Unavailable:
            refused.append(svg)
            if len(refused) == 22:
                busy.may.set()
            return b""

    with ThreadPoolExecutor(30) as crowd:
        made = list(crowd.map(ask, [_SQUARE.format(wide) for wide in range(1, 31)]))

    assert sum(map(bool, made)) == 8
    assert drawer.png(refused[0]) == b"\x89PNG"
