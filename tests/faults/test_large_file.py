"""A large file with everything that goes wrong in files (F16): every line is accounted for."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from sqlmodel import col, select

from app.audience.models import Membership, Person
from app.platform import config
from app.platform.db import Database
from tests.cast import made
from tests.journeys.test_by_api import imported
from tests.serve import Installation, wait_until

_FULL_BYTES, _SMALL_BYTES = 10_000_000, 300_000
_FORMULAS = ("=HYPERLINK(1)", "+1+1", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0")
_COUNTS = ("rows", "added", "updated", "unchanged", "refused", "erased")


@dataclass
class File:
    """Bytes, and what each line of them is."""

    size: int
    rng: random.Random
    content: bytearray = field(
        default_factory=lambda: bytearray(b"\xef\xbb\xbfemail,name,note\r\n")
    )
    number: int = 2  # of the next line
    good: int = 0
    bad: dict[int, str] = field(default_factory=dict)  # by line
    kinds: Counter[str] = field(default_factory=Counter)
    formulas: dict[str, str] = field(default_factory=dict)  # cells by address

    def write(self) -> "File":
        """Line after line until it is large enough."""
        kinds = [self._plain] * 12 + [
            self._formula, self._windows, self._quoted, self._blank, self._no_address,
            self._too_many, self._damaged, self._twice, self._wild_quote,
        ]  # fmt: skip
        while len(self.content) < self.size:
            kind = self.rng.choice(kinds)
            self.kinds[kind.__name__.strip("_")] += 1
            kind()
        return self

    def _address(self) -> str:
        self.good += 1
        return f"p{self.good}@bakery.example"

    def _line(self, line: bytes, *, lines: int = 1) -> None:
        self.content += line + self.rng.choice([b"\n", b"\r\n"])
        self.number += lines

    def _refused(self, line: bytes, why: str) -> None:
        self.bad[self.number] = why
        self._line(line)

    def _plain(self) -> None:
        self._line(f"{self._address()},Bäcker {self.good},Brød {self.good}".encode())

    def _formula(self) -> None:
        address, cell = self._address(), self.rng.choice(_FORMULAS)
        self.formulas[address] = cell
        self._line(f"{address},Baker,{cell}".encode())

    def _windows(self) -> None:
        self._line(f"{self._address()},M\xfcller,caf\xe9".encode("cp1252"))

    def _quoted(self) -> None:
        self._line(f'{self._address()},"Baker, and son","two\nlines"'.encode(), lines=2)

    def _blank(self) -> None:
        self._line(b"")

    def _no_address(self) -> None:
        self._refused(b"nobody at all,Baker,x", "address")

    def _too_many(self) -> None:
        self._refused(b"q@bakery.example,Baker,x,y,z", "cells")

    def _damaged(self) -> None:
        self._refused("r@bakery.example,Bäcker ".encode() + b"\xff\xfe,\xc3", "damaged")

    def _twice(self) -> None:
        self._refused(b"p1@bakery.example,Baker again,x" if self.good else b",,", "")

    def _wild_quote(self) -> None:
        self._refused(b's@bakery.example,"Baker" x,x', "CSV")


def test_every_line_of_a_large_file_is_accounted_for(service: Installation, full: bool):
    file = File(_FULL_BYTES if full else _SMALL_BYTES, random.Random(16)).write()
    with service.api("editor") as api:
        audience = made(api.post("/audiences", json={"name": "Bakers"}))["id"]
        first, refused = _taken(api, audience, bytes(file.content))
        again, still_refused = _taken(api, audience, bytes(file.content))
    kept = _cells(service, file)
    print(f"F16: {len(file.content)} bytes, {file.number - 2} lines: {dict(file.kinds)}")
    print(f"first: {first}; again: {again}")

    reasons = {one["line"]: one["reason"] for one in refused}
    assert first == _expected(file, added=file.good)
    assert again == _expected(file, unchanged=file.good)
    assert sorted(reasons) == sorted(file.bad)
    assert [line for line, why in file.bad.items() if why not in reasons[line]] == []
    assert still_refused == refused
    assert kept == file.formulas


def _expected(file: File, **counts: int) -> dict[str, int]:
    nothing = dict.fromkeys(_COUNTS, 0)
    return nothing | {"rows": file.good + len(file.bad), "refused": len(file.bad)} | counts


def _taken(
    api: httpx.Client, audience: str, content: bytes
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """The counts of an import and the lines it refused."""
    headers = {"Content-Type": "text/csv"}
    begun = made(api.post(f"/audiences/{audience}/imports", content=content, headers=headers))["id"]
    done = wait_until(partial(imported, api, begun), seconds=300, what="the import")
    assert (done["status"], done["error"]) == ("done", None)
    refused = api.get(f"/imports/{begun}/refused").text.splitlines()
    return {name: done[name] for name in _COUNTS}, [json.loads(line) for line in refused]


def _cells(service: Installation, file: File) -> dict[str, str]:
    """What is kept of the cells that a spreadsheet would run: as they were written."""
    database = Database(
        config.load(data_dir=service.data, database_url=service.database_url).database
    )
    try:
        with database.read() as session:
            question = select(Person.email, Membership.data).where(
                col(Person.id) == col(Membership.person_id)
            )
            notes = {email: str(data.get("note")) for email, data in session.exec(question)}
    finally:
        database.close()
    return {email: notes[email] for email in file.formulas}
