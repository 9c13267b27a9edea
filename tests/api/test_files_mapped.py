"""What a look promises of a file is what its import does, whatever the file is like."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.audience import erased, imports, opt_outs, previewing
from app.audience.models import Suppression
from app.audience.opt_outs import OptOut
from app.platform.db import Database
from tests.api.conftest import NOW, Api
from tests.cast import MARKS
from tests.duties import import_duty, run

ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16", "cp1252": "windows-1252"}
_PROMISED = (
    "rows", "added", "updated", "unchanged", "refused", "erased", "opted_out", "reasons",
    "encoding", "header",
)  # fmt: skip


@dataclass(frozen=True)
class Damage:
    """What is wrong with a file, which lines that costs, and why."""

    name: str
    lines: tuple[tuple[str, ...], ...] = ()
    refused: dict[str, int] = field(default_factory=dict)
    headings: tuple[str, ...] = ("E-Mail", "Betrieb", "Verlust")


DAMAGES = (
    Damage("none"),
    Damage("no heading names the addresses", headings=("Kontakt", "Betrieb", "Verlust")),
    Damage("an address without a dot", (("bo@b", "Bø", "7"),), {"bad_address": 1}),
    Damage("no address", (("", "Bø", "7"), ("", "Ål", "")), {"no_address": 2}),
    Damage(
        "a letter that is not mailed", (("bø@b.example", "Bø", ""),), {"unsupported_address": 1}
    ),
    Damage("twice", (("ANN@b.example", "Æ", "1"),), {"duplicate": 1}),
    Damage("a cell too many", (("dee@b.example", "Dee", "1", "2"),), {"cells": 1}),
    Damage("a cell too few", (("dee@b.example",),), {"cells": 1}),
    Damage("an open quote", (('"dee@b.example', "Dee", "1"),), {"not_csv": 1}),
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK", 2)
    monkeypatch.setattr(previewing, "CHUNK", 2)


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Callable[[], None]:
    duty = import_duty(database, tmp_path / "imports", "here")

    def every() -> None:
        while run(database, duty, NOW):
            pass

    return every


def audience(api: Api, name: str) -> str:
    return str(api.made("/audiences", {"name": name})["id"])


def begun(api: Api, audience_id: str, body: bytes, kind: str = "text/csv", **query: Any) -> str:
    headers = {"content-type": kind}
    address = f"/audiences/{audience_id}/imports"
    answer = api.ask("POST", address, content=body, headers=headers, params=query)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def written(damage: Damage, delimiter: str, encoding: str) -> bytes:
    rows = (
        damage.headings,
        ("ann@b.example", "Bäckerei Ånn", "61"),
        *damage.lines,
        ("cem@b.example", "Brød & Çem", "1200"),
    )
    return "".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding)


def files() -> Iterator[tuple[Damage, str, str]]:
    """Each damage with each separator, each separator with each encoding."""
    for number, (damage, delimiter) in enumerate(product(DAMAGES, (",", ";", "\t"))):
        yield damage, delimiter, list(ENCODINGS)[number % len(ENCODINGS)]


def test_what_a_look_promises_is_what_is_imported(api: Api, read: Callable[[], None]):
    for number, (damage, delimiter, encoding) in enumerate(files()):
        told = f"{damage.name}, {delimiter!r}, {encoding}"
        into = audience(api, f"A{number}")
        look = begun(api, into, written(damage, delimiter, encoding), dry_run=True)
        read()
        said = api.read(f"/imports/{look}")
        made = api.made(f"/imports/{look}/confirm")["id"]
        read()
        done = api.read(f"/imports/{made}")

        assert (said["status"], done["status"]) == ("previewed", "done"), told
        assert {name: done[name] for name in _PROMISED} == {
            name: said[name] for name in _PROMISED
        }, told
        assert {one["kind"]: one["count"] for one in done["reasons"]} == damage.refused, told
        assert done["rows"] == 2 + len(damage.lines), told
        assert done["added"] + done["unchanged"] + done["updated"] == 2, told
        assert (done["header"]["delimiter"], done["encoding"]) == (delimiter, ENCODINGS[encoding])
        assert [one["becomes"] for one in done["header"]["columns"]] == [
            "email", "Betrieb", "Verlust",
        ], told  # fmt: skip


def test_the_refused_lines_of_any_file_are_a_file_that_can_be_mended(
    api: Api, read: Callable[[], None]
):
    for damage in DAMAGES:
        into = audience(api, damage.name)
        first = begun(api, into, written(damage, ";", "cp1252"))
        read()
        back = api.get(f"/imports/{first}/refused.csv").text
        again = begun(api, into, back.encode(), dry_run=True)
        read()
        said = api.read(f"/imports/{again}")

        assert back.splitlines()[0] == "\ufeff" + ",".join(
            ("Refused line", "Refused because", *damage.headings)
        )
        assert len(back.splitlines()) == 1 + len(damage.lines)
        if damage.headings[0] == "E-Mail":
            assert said["rows"] == len(damage.lines), damage.name
            assert [one["becomes"] for one in said["header"]["columns"]][:3] == [
                None,
                None,
                "email",
            ]


def test_a_refused_line_runs_in_no_spreadsheet_and_comes_back_as_it_was(
    api: Api, read: Callable[[], None]
):
    into = audience(api, "Formulas")
    cells = ["=HYPERLINK(1)", "'=2", "a;+3", "-4", "plain"]
    file = "email,=Head,b,c,d,e\nnobody," + ",".join(cells) + "\n"
    first = begun(api, into, file.encode())
    read()
    back = api.get(f"/imports/{first}/refused.csv").text
    begun(api, into, back.replace(",nobody,", ",ann@b.example,").encode())
    read()

    assert not re.search(r"(?:^|[,;\"])[=+\-@]", back.lstrip("\ufeff"), re.MULTILINE)
    (person,) = api.read("/people", email="ann@b.example")["items"]
    held = api.read(f"/people/{person['id']}/export")["audiences"][0]["data"]
    assert held == dict(zip(["Head", "b", "c", "d", "e"], cells, strict=True))


def test_columns_become_what_their_author_says_without_another_upload(
    api: Api, read: Callable[[], None]
):
    into = audience(api, "Bakers")
    look = begun(
        api, into, b"who,Loss,note,age\nann@b.example,61,x,4\nbo@b.example,7,,5\n", dry_run=True
    )
    read()
    words = {
        "columns": {
            "Loss": {"becomes": "waste", "type": "number", "format": "decimal_comma"},
            "note": {"left_out": True},
            "age": {"becomes": "Loss"},
        }
    }

    assert api.post(f"/imports/{look}/look", words).status_code == 202
    read()
    again = api.read(f"/imports/{look}")
    assert {one["name"]: one["format"] for one in again["columns"]} == {
        "Loss": "decimal_point", "waste": "decimal_comma",
    }  # fmt: skip
    made = api.made(f"/imports/{look}/confirm")["id"]
    read()

    (person, *_) = api.read("/people", email="ann@b.example")["items"]
    held = api.read(f"/people/{person['id']}/export")["audiences"][0]["data"]
    assert held == {"waste": "61", "Loss": "4"}
    assert api.read(f"/imports/{made}")["added"] == 2
    by_name = {one["name"]: one for one in api.read(f"/audiences/{into}")["columns"]}
    assert by_name["waste"]["decided_by"] == "author"


def test_what_cannot_be_said_of_columns_is_refused_and_the_file_waits_on(
    api: Api, read: Callable[[], None]
):
    look = begun(api, audience(api, "Bakers"), b"email,a,b\nann@b.example,1,2\n", dry_run=True)
    read()
    for words in (
        {"columns": {"c": {"becomes": "d"}}},
        {"columns": {"a": {"becomes": "b"}, "b": {"becomes": "b"}}},
        {"columns": {"a": {"becomes": "email"}, "email": {"becomes": "email"}}},
        {"columns": {"a": {"format": "day_first"}}},
        {"columns": {"a": {"type": "date", "format": "decimal_comma"}}},
        {"delimiter": "x"},
    ):
        assert api.post(f"/imports/{look}/look", words).status_code == 422, words
        assert api.post(f"/imports/{look}/confirm", words).status_code == 422, words

    assert api.read(f"/imports/{look}")["status"] == "previewed"


def test_a_file_whose_addresses_nobody_finds_waits_until_somebody_says_where_they_are(
    api: Api, read: Callable[[], None], tmp_path: Path
):
    body = b"a;b\nx;nobody\ny;nobody either\nz;nor this\nw;cem@b.example\n"
    into = audience(api, "Bakers")
    look = begun(api, into, body, dry_run=True)
    read()
    said = api.read(f"/imports/{look}")

    assert (said["status"], said["asks"]) == ("failed", "address")
    assert api.post(f"/imports/{look}/confirm").status_code == 409
    assert api.ask("DELETE", f"/audiences/{into}").status_code == 409
    assert (tmp_path / "imports" / look).exists()

    api.post(f"/imports/{look}/look", {"columns": {"b": {"becomes": "email"}}})
    read()
    said = api.read(f"/imports/{look}")
    assert (said["status"], said["asks"], said["added"], said["refused"]) == ("previewed", "", 1, 3)
    api.made(f"/imports/{look}/confirm")
    read()
    assert not (tmp_path / "imports" / look).exists()


def test_another_separator_is_said_and_the_columns_are_found_anew(
    api: Api, read: Callable[[], None]
):
    body = b"email|a;b\nann@b.example|1;2\n"
    look = begun(api, audience(api, "Bakers"), body, dry_run=True)
    read()
    assert api.read(f"/imports/{look}")["header"]["delimiter"] == "|"

    api.post(f"/imports/{look}/look", {"delimiter": ";"})
    read()
    said = api.read(f"/imports/{look}")
    assert (said["asks"], said["header"]["delimiter"]) == ("address", ";")
    assert [one["heading"] for one in said["header"]["columns"]] == ["email|a", "b"]


SAYS_NO = {
    "unsubscribed": ("yes", "1", "TRUE", "2026-01-31", "x", "ja", "no longer wanted"),
    "Opt-Out": ("y", "true"),
    "Do not contact": ("Yes",),
    "email_consent": ("no", "0", "FALSE", "nein", "non", "revoked"),
    "Accepts Marketing": ("no",),
    "Status": ("unsubscribed", "Opted out", "cleaned"),
    "Subscription status": ("Unsubscribed",),
    "Abgemeldet": ("ja", "x", "31.01.2026"),
    "Einwilligung": ("nein",),
    "Anmeldung": ("abgemeldet",),
    "Désabonné": ("oui", "vrai"),
    "Consentement": ("non",),
    "Statut": ("désabonné",),
    "Baja": ("sí", "1"),
    "Consentimiento": ("no",),
    "Estado": ("dado de baja",),
}
SAYS_NOTHING = {
    "unsubscribed": ("", "no", "0", "false", "never", "nein", "n/a", "subscribed"),
    "email_consent": ("", "yes", "1", "ja", "web form"),
    "Status": ("", "active", "gold", "subscribed"),
    "plan": ("unsubscribed", "no"),
    "consent_click": ("no",),
    "Abgemeldet": ("nein", ""),
    "Baja": ("no",),
}


def test_a_column_says_in_each_language_who_opted_out():
    for heading, cells in SAYS_NO.items():
        how = opt_outs.guessed(heading)
        assert how, heading
        assert [cell for cell in cells if not opt_outs.is_out(how, cell)] == [], heading
    for heading, cells in SAYS_NOTHING.items():
        how = opt_outs.guessed(heading) or OptOut.IGNORED
        assert [cell for cell in cells if opt_outs.is_out(how, cell)] == [], heading


def suppressed(database: Database) -> dict[str, tuple[str, str]]:
    with database.read() as session:
        rows = session.exec(select(Suppression)).all()
        return {row.email_key: (row.reason, row.created_by) for row in rows}


def test_whoever_opted_out_elsewhere_is_never_mailed_by_accident(
    api: Api, read: Callable[[], None], database: Database
):
    """As a file comes in by the API without a word, too; on a line that is refused, too."""
    lines = [
        f"{heading},{cell},p{row}.{place}@b.example"
        for row, (heading, cells) in enumerate(SAYS_NO.items())
        for place, cell in enumerate(cells)
    ]
    into = audience(api, "Bakers")
    for line in lines:
        heading, cell, email = line.split(",")
        begun(api, into, f"email,{heading}\n{email},{cell}\nann@b.example,\n".encode())
        read()

    found = suppressed(database)
    assert set(found) == {line.split(",")[2] for line in lines}
    assert {reason for reason, _ in found.values()} == {"opted out elsewhere"}

    begun(api, into, b"email,unsubscribed\nbo@b.example,\nBO@b.example,yes\nnobody,yes\n")
    read()
    assert "bo@b.example" in suppressed(database)


def test_it_stays_a_column_and_can_mean_something_else(
    api: Api, read: Callable[[], None], database: Database
):
    body = b"email,unsubscribed,vip\nann@b.example,yes,no\nbo@b.example,no,yes\n"
    into = audience(api, "Bakers")
    begun(api, into, body, opt_outs="ignore")
    look = begun(api, into, body, dry_run=True)
    read()
    said = api.read(f"/imports/{look}")
    assert (said["opted_out"], suppressed(database)) == (1, {})
    assert said["header"]["columns"][1]["opt_out"] == "yes"

    api.made(f"/imports/{look}/confirm", {"columns": {"unsubscribed": {"opt_out": "ignored"}}})
    read()
    assert suppressed(database) == {}
    assert {one["name"] for one in api.read(f"/audiences/{into}")["columns"]} == {
        "unsubscribed", "vip",
    }  # fmt: skip

    another = begun(api, into, body, dry_run=True)
    read()
    words = {"columns": {"unsubscribed": {"opt_out": "ignored"}, "vip": {"opt_out": "yes"}}}
    made = api.made(f"/imports/{another}/confirm", words)["id"]
    read()
    assert set(suppressed(database)) == {"bo@b.example"}
    assert api.read(f"/imports/{made}")["opted_out"] == 1


def test_objects_are_mapped_as_tables_are(api: Api, read: Callable[[], None], database: Database):
    body = b'{"who": "ann@b.example", "Opt out": true, "n": 1}\n{"who": "bo@b.example", "n": 2}\n'
    into = audience(api, "Bakers")
    look = begun(api, into, body, "application/x-ndjson", dry_run=True)
    read()
    assert api.read(f"/imports/{look}")["refused"] == 2

    words = {"columns": {"who": {"becomes": "email"}, "n": {"becomes": "number"}}}
    api.post(f"/imports/{look}/look", words)
    read()
    said = api.read(f"/imports/{look}")
    made = api.made(f"/imports/{look}/confirm")["id"]
    read()
    done = api.read(f"/imports/{made}")

    assert (said["added"], said["opted_out"]) == (done["added"], done["opted_out"]) == (2, 1)
    assert set(suppressed(database)) == {"ann@b.example"}


def test_whoever_was_erased_leaves_no_trace_on_the_list_either(
    api: Api, read: Callable[[], None], database: Database
):
    with database.write() as session:
        erased.remember(session, [erased.by_email("ann@b.example")], MARKS, now=NOW)
    begun(
        api, audience(api, "Bakers"),
        b"email,unsubscribed\nann@b.example,yes\nAnn@b.example,yes\nbo@b.example,yes\n",
    )  # fmt: skip
    read()

    assert set(suppressed(database)) == {"bo@b.example"}
