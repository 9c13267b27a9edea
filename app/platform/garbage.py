"""How Python looks for garbage in a process that lives long and makes many short-lived objects."""

import gc

_SELDOM = (100_000, 20, 50)  # objects made before the young are looked through, and so on
_BRIEFLY = (20_000, 20, 50)  # a fifth: each look holds up whoever waits for an answer


def load_quickly() -> None:
    """While a process loads nothing of it goes: looking for that took a third of its start."""
    gc.set_threshold(*_SELDOM)


def look_seldom() -> None:
    """Once a process is ready: what it loaded stays, and young objects mostly go by themselves.

    A third of an ingester's time went into looking through rows that were about to go anyway.
    """
    _keep_what_is_loaded()
    gc.set_threshold(*_SELDOM)


def look_briefly() -> None:
    """The same where people wait: a page in seventy stood still for as long as another takes.

    Questions put together leave garbage in circles; a look at five times as much took 70 ms.
    """
    _keep_what_is_loaded()
    gc.set_threshold(*_BRIEFLY)


def _keep_what_is_loaded() -> None:
    gc.collect()
    gc.freeze()
