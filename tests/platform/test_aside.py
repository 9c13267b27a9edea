"""Work in a process of its own answers or refuses as if it were done here."""

import os

import pytest

from app.platform.aside import aside
from app.platform.errors import Invalid, Unavailable


def whose(words: str) -> tuple[int, str]:
    return os.getpid(), words.upper()


def refuse(field: str) -> None:
    raise Invalid.at(field, "Not so.")


def end() -> None:
    os._exit(9)


def test_it_is_done_elsewhere_and_answered_here():
    where, what = aside(whose, "done")

    assert (where == os.getpid(), what) == (False, "DONE")


def test_a_refusal_keeps_its_sentence_and_its_field():
    with pytest.raises(Invalid, match="Not so") as refused:
        aside(refuse, "name")

    assert refused.value.errors[0].field == "name"


def test_a_process_that_is_ended_is_no_fault_of_whoever_asked():
    with pytest.raises(Unavailable, match="was ended"):
        aside(end)
