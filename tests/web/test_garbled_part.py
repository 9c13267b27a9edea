"""A document that is damaged in one place only is damaged: nobody is told that ours is broken.

Whole documents of another shape are spoilt in `test_garbled`. Here parts of one are taken out, or
are something else: pages may look at more of it than whoever says what is damaged.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from itertools import zip_longest
from random import Random
from typing import Any

import pytest
from sqlalchemy import Column, select

from tests.web.test_garbled import Asking, asking, held, is_document, spoilt

__all__ = ["asking"]  # the fixture

_INSTEAD: tuple[Any, ...] = (7, "no such thing", None, [], {})
_FEW = 2
_REFUSED = {"experiment.design"}  # a trigger reads it whenever it is written
_GONE = object()
_BEYOND = 500
Place = tuple[str | int, ...]


def _places(document: Any, before: Place = ()) -> Iterator[Place]:
    """Of every key, and of the first of every list."""
    if isinstance(document, dict):
        for key, inner in document.items():
            yield (*before, key)
            yield from _places(inner, (*before, key))
    elif isinstance(document, list) and document:
        yield (*before, 0)
        yield from _places(document[0], (*before, 0))


def _damaged(document: Any, place: Place, instead: object) -> Any:
    changed = deepcopy(document)
    part = changed
    for key in place[:-1]:
        part = part[key]
    if instead is _GONE:
        del part[place[-1]]
    else:
        part[place[-1]] = instead
    return changed


def _damages(document: Any) -> list[Any]:
    every = [(place, one) for place in _places(document) for one in (_GONE, *_INSTEAD)]
    return [_damaged(document, place, one) for place, one in every]


def _document(asking: Asking, column: Column[Any]) -> Any:
    """The longest of an installation's."""
    with asking.house.database.read() as session:
        documents = session.scalars(select(column).where(column.is_not(None))).all()
    return max(documents, key=lambda one: len(str(one)))


def _broken(asking: Asking, damages: dict[Column[Any], Any]) -> set[str]:
    with ExitStack() as stack:
        for column, value in damages.items():
            stack.enter_context(spoilt(asking.house, column, value))
        return {
            f"{place}: {[f'{one}: {value}' for one, value in damages.items()]}"
            for place, answer in asking.every(list(damages))
            if answer.status_code >= _BEYOND
        }


def _some(damages: list[Any], *, full: bool) -> list[Any]:
    """All, or beside every change a few: the same each time."""
    return damages if full else Random(20261130).sample(damages, min(_FEW, len(damages)))


# A part that is only passed on is told as it stands; that it is no number is no fault of ours.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
def test_a_part_of_a_document_that_is_damaged_is_told_as_such(asking: Asking, full: bool):
    columns = [one for one in held(asking.house, is_document) if str(one) not in _REFUSED]
    every = {one: _some(_damages(_document(asking, one)), full=full) for one in columns}
    rounds = [
        {column: value for column, value in zip(columns, values, strict=True) if value is not None}
        for values in zip_longest(*every.values())
    ]
    found = {one for damages in rounds for one in _broken(asking, damages)}

    assert len(columns) > 15
    assert found == set()
