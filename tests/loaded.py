"""What a process of `tests.forked` has loaded before it is copied."""

from tests import forked

forked.load_all()
