"""PNG is drawn beside the process that answers clicks, so many at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.platform import bounded
from app.platform.errors import Unavailable
from app.platform.pictures import raster
from app.platform.pictures.raster import png_apart

SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"><rect/></svg>'


def test_nobody_waits_for_a_picture_with_the_interpreter_in_hand():
    png_apart(SQUARE.format(10))  # its child begins
    began = time.thread_time()

    drawn = png_apart(SQUARE.format(900))

    assert drawn.startswith(b"\x89PNG")
    assert time.thread_time() - began < 0.02


def test_more_than_a_few_at_once_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch):
    inside, go_on = threading.Semaphore(0), threading.Event()

    def slow(*_: object) -> bytes:
        inside.release()
        assert go_on.wait(10)
        return b"drawn"

    monkeypatch.setattr(bounded, "ask", slow)
    with ThreadPoolExecutor(raster._AT_ONCE) as threads:
        drawn = [threads.submit(png_apart, SQUARE) for _ in range(raster._AT_ONCE)]
        for _ in drawn:
            assert inside.acquire(timeout=10)
        with pytest.raises(Unavailable, match="few seconds"):
            png_apart(SQUARE)
        go_on.set()

    assert {one.result() for one in drawn} == {b"drawn"}
    assert png_apart(SQUARE) == b"drawn"
