"""Every line of a file is accounted for, whatever is in it, and however often it is read."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audience import (
    column_rows,
    headers,
    imports,
    refused_lines,
    store,
    suppression_store,
)
from app.audience.members import chunk
from app.audience.models import Import
from app.audience.own import OWN
from app.platform import clock
from app.platform.db import Database
from tests.cast import MARKS
from tests.duties import read_imports

NOW = clock.now()


@dataclass
class Desk:
    """An audience, and a folder to upload to."""

    database: Database
    folder: Path
    audience_id: str

    def begin(self, content: bytes, kind: str = "csv", filename: str = "a.csv") -> Import:
        return imports.begin(
            self.database,
            audience_id=self.audience_id,
            format=kind,  # type: ignore[arg-type]  # a test's text
            folder_id="f",
            stream=[content],
            imports_dir=self.folder,
            filename=filename,
            by="Ann",
            now=NOW,
        )

    def read(self, row: Import, *, chunks: int = 1000) -> Import:
        for _ in range(chunks):
            if not imports.continue_import(
                self.database, row.id, self.folder / row.id, marker=MARKS, now=NOW
            ):
                break
        with self.database.read() as session:
            return store.import_of(session, row.id)

    def take(self, content: bytes, kind: str = "csv") -> Import:
        return self.read(self.begin(content, kind))

    def refusals(self, row: Import) -> list[tuple[int, str]]:
        with self.database.read() as session:
            return [(one.line, one.reason) for one in store.refusals(session, row.id)]

    def rows(self) -> list[dict[str, object]]:
        with self.database.read() as session:
            return [one.row() for one in chunk(session, self.audience_id, after=None, limit=9999)]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    with database.write() as session:
        audience = store.add_audience(session, "Bakers", by="Ann", now=NOW)
    folder = tmp_path / "imports"
    folder.mkdir()
    return Desk(database, folder, audience.id)


def counts(row: Import) -> tuple[int, int, int, int, int]:
    return row.rows, row.added, row.updated, row.unchanged, row.refused


def test_people_come_in_with_their_columns(desk: Desk):
    done = desk.take(b"email,name,Euros a week\nann@b.example,Ann,61\nbo@b.example,Bo,\n")

    assert (done.status, counts(done)) == ("done", (2, 2, 0, 0, 0))
    assert desk.rows() == [
        {"email": "ann@b.example", "name": "Ann", "Euros_a_week": "61"},
        {"email": "bo@b.example", "name": "Bo"},
    ]


def test_the_same_file_again_changes_nothing(desk: Desk):
    content = b"email,name,euros\nann@b.example,Ann,61\nbo@b.example,Bo,5\n"
    desk.take(content)

    again = desk.take(content)

    assert counts(again) == (2, 0, 0, 2, 0)


def test_a_changed_column_updates_and_an_empty_cell_empties(desk: Desk):
    desk.take(b"email,euros,day\nann@b.example,61,Mon\nbo@b.example,5,Tue\n")

    again = desk.take(b"email,euros\nann@b.example,70\nbo@b.example,\n")

    assert counts(again) == (2, 0, 2, 0, 0)
    assert [row.get("euros") for row in desk.rows()] == ["70", None]
    assert [row["day"] for row in desk.rows()] == ["Mon", "Tue"]


def test_a_second_line_for_an_address_is_refused_also_in_another_chunk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imports, "CHUNK", 2)

    done = desk.take(
        b"email\nann@b.example\nANN@b.example\nbo@b.example\ncem@b.example\nbo@b.example\n"
    )

    assert counts(done) == (5, 3, 0, 0, 2)
    assert desk.refusals(done) == [
        (3, "duplicate: the same address stands on line 2"),
        (6, "duplicate: the same address stands on line 4"),
    ]


def test_a_byte_order_mark_semicolons_and_quoted_newlines_are_read(desk: Desk):
    done = desk.take(
        '\ufeffemail;name;note\nann@b.example;Ann;"two\nlines; here"\nbo@b.example;Bo;x\n'.encode()
    )

    assert counts(done) == (2, 2, 0, 0, 0)
    assert desk.rows()[0]["note"] == "two\nlines; here"


def test_a_file_that_is_windows_1252_is_read_as_it(desk: Desk):
    done = desk.take("email,name\nann@b.example,Ann\nbo@b.example,Bør €\n".encode("cp1252"))

    assert (counts(done), done.encoding) == ((2, 2, 0, 0, 0), "windows-1252")
    assert [row["name"] for row in desk.rows()] == ["Ann", "Bør €"]


def test_a_damaged_line_of_utf_8_is_refused_and_the_others_are_taken(desk: Desk):
    done = desk.take(
        "email,name\nann@b.example,Åsa Ø\n".encode() + b"bo@b.example,B\xc3\xb8r \xc3\n"
    )

    assert counts(done) == (2, 1, 0, 0, 1)
    assert desk.refusals(done) == [(3, "damaged: neither UTF-8 nor Windows-1252")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\n", "The file is empty"),
        (
            b"name,address\nAnn,x\n",
            "No column is called “email”. The first line names: name, address",
        ),
        (b"email\n\x00\x01\x02\n", "This is not a text file"),
        (b"PK\x03\x04\x00\x00", "This is not a text file"),
    ],
)
def test_a_file_that_is_none_fails_with_what_to_do(desk: Desk, content: bytes, sentence: str):
    done = desk.take(content)

    assert done.status == "failed"
    assert sentence in (done.error or "")
    assert desk.rows() == []


def test_one_line_of_ten_megabytes_is_refused_by_its_number(desk: Desk):
    done = desk.take(b"email,note\nann@b.example," + b"x" * 10_000_000 + b"\nbo@b.example,y\n")

    assert counts(done) == (2, 1, 0, 0, 1)
    assert desk.refusals(done) == [(2, "the line is longer than 1 MB")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no address,Ann", "bad_address"),
        (",Ann", "bad_address: there is none on this line"),
        ("ann@b.example", "1 cell where the header names 2 columns"),
        ("ann@b.example,Ann,more", "3 cells where the header names 2 columns"),
        ("bjørn@b.example,Bjørn", "unsupported_address"),
        ('"ann@b.example\r\nBcc: x@y.example",Ann', "bad_address: it contains a line break"),
    ],
)
def test_a_line_that_is_no_person_is_refused_with_its_reason(desk: Desk, line: str, reason: str):
    done = desk.take(f"email,name\n{line}\n".encode())

    assert counts(done) == (1, 0, 0, 0, 1)
    assert desk.refusals(done)[0][1].startswith(reason)


def test_an_international_domain_is_one_address_however_it_is_written(desk: Desk):
    done = desk.take("email\nann@bäckerei.example\nann@xn--bckerei-5wa.example\n".encode())

    assert counts(done) == (2, 1, 0, 0, 1)


def test_an_external_id_belongs_to_one_person(desk: Desk):
    done = desk.take(b"email,external_id\nann@b.example,7\nbo@b.example,7\n")

    assert counts(done) == (2, 1, 0, 0, 1)
    assert "belongs to another person" in desk.refusals(done)[0][1]


def test_a_formula_is_kept_as_the_text_it_is(desk: Desk):
    desk.take(b"email,note\nann@b.example,=1+1\n")

    assert desk.rows()[0]["note"] == "=1+1"


def test_ndjson_is_read_and_its_bad_lines_are_named(desk: Desk):
    people = b'{"email":"ann@b.example","euros":61}\n\n'
    content = people + b'not json\n[1]\n{"email":"bo@b.example","list":[1]}\n'

    done = desk.take(content, "ndjson")

    assert counts(done) == (4, 1, 0, 0, 3)
    assert [line for line, _ in desk.refusals(done)] == [3, 4, 5]
    assert desk.rows()[0]["euros"] == 61


def test_a_killed_import_goes_on_where_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(imports, "CHUNK", 3)
    content = b"email\n" + b"".join(b"p%d@b.example\n" % number for number in range(10))
    begun = desk.begin(content)
    desk.read(begun, chunks=2)
    desk.database.close()

    done = desk.read(begun)

    assert (done.status, counts(done)) == ("done", (10, 10, 0, 0, 0))
    assert list(desk.folder.iterdir()) == []


def test_the_columns_are_described_as_they_were_found(desk: Desk):
    desk.take(b"email,euros,day\nann@b.example,61,Mon\nbo@b.example,,Tue\n")

    with desk.database.read() as session:
        audience = store.audience_of(session, desk.audience_id)

    assert audience.people == 2
    names = ("name", "type", "format", "filled", "empty", "missing", "kind", "examples", "misfits")
    assert [tuple(one[name] for name in names) for one in audience.columns] == [
        ("day", "text", None, 2, 0, 0, "text", ["Mon", "Tue"], 0),
        ("euros", "number", "decimal_point", 1, 1, 1, "number", ["61"], 0),
    ]


def test_two_audiences_keep_their_own_columns(desk: Desk):
    desk.take(b"email,euros\nann@b.example,61\n")
    with desk.database.write() as session:
        other = store.add_audience(session, "Others", by="Ann", now=NOW)
    Desk(desk.database, desk.folder, other.id).take(b"email,euros\nann@b.example,5\n")

    assert desk.rows()[0]["euros"] == "61"


def test_a_column_that_templates_call_otherwise_says_how_the_file_wrote_it(desk: Desk):
    desk.take(b"email,Euros a week\nann@b.example,61\n")
    desk.take(b'{"email":"bo@b.example","day":"Mon"}\n', "ndjson")

    with desk.database.read() as session:
        euros, day = store.audience_of(session, desk.audience_id).columns

    assert (euros["name"], euros["as_written"]) == ("Euros_a_week", "Euros a week")
    assert "as_written" not in day


def test_a_refused_line_is_reported_as_it_stands_in_the_file(desk: Desk):
    done = desk.take(b'email;note\n"no address";  "x;y"\n')

    (line,) = refused_lines.as_ndjson(desk.database, done.id)

    assert '"raw": "\\"no address\\";  \\"x;y\\""' in line


def test_an_external_id_that_an_earlier_line_gave_up_may_be_taken(desk: Desk):
    desk.take(b"email,external_id\nann@b.example,7\n")
    content = b"email,external_id\nann@b.example,8\nbo@b.example,7\n"

    assert counts(desk.take(content)) == (2, 1, 1, 0, 0)
    assert counts(desk.take(content)) == (2, 0, 0, 2, 0)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("yes", "yes"), ("TRUE", "yes"), ("0", "no"), ("", "unknown"), ("unknown", "unknown")],
)
def test_consent_is_read_as_people_write_it(desk: Desk, cell: str, kept: str):
    desk.take(f"email,consent_click\nann@b.example,{cell}\n".encode())

    with desk.database.read() as session:
        (ann,) = chunk(session, desk.audience_id, after=None, limit=5)
    assert ann.consent_click == kept


@pytest.mark.parametrize(
    ("column", "cell", "note"),
    [
        ("consent_open", "maybe", "consent_open says neither yes, no nor unknown"),
        ("timezone", "Oslo", "this time zone is not known; write it like Europe/Oslo"),
        ("name", "x" * 501, "name is longer than 500 characters"),
    ],
)
def test_a_cell_of_ours_that_cannot_be_kept_is_noted_and_costs_nobody(
    desk: Desk, column: str, cell: str, note: str
):
    done = desk.take(f"email,{column}\nann@b.example,{cell}\n".encode())

    assert (counts(done), done.noted) == ((1, 1, 0, 0, 0), 1)
    with desk.database.read() as session:
        (noted,) = column_rows.notes(session, done.id)
        (ann,) = chunk(session, desk.audience_id, after=None, limit=5)
    assert (noted.line, noted.column, noted.value) == (2, column, cell[:60])
    assert noted.note == f"{note}; it was left empty"
    assert ann.own[column] in {"", "unknown"}


def test_a_suppressed_person_is_imported_and_stays_suppressed(desk: Desk):
    with desk.database.write() as session:
        suppression_store.suppress(
            session, "ann@b.example", "unsubscribed", by="recipient", now=NOW
        )

    done = desk.take(b"email\nAnn@b.example\n")

    assert counts(done) == (1, 1, 0, 0, 0)
    with desk.database.read() as session:
        assert suppression_store.suppressed(session, ["ann@b.example"]) == {"ann@b.example"}


def test_an_empty_value_of_an_object_empties_the_column(desk: Desk):
    desk.take(b'{"email":"ann@b.example","euros":61,"day":"Mon"}\n', "ndjson")

    again = desk.take(b'{"email":"ann@b.example","euros":null}\n', "ndjson")

    assert counts(again) == (1, 0, 1, 0, 0)
    assert desk.rows() == [{"email": "ann@b.example", "day": "Mon"}]


def test_a_file_that_lost_its_end_fails_and_says_so(desk: Desk):
    begun = desk.begin(b"email\nann@b.example\nbo@b.example\n")
    os.truncate(desk.folder / begun.id, 10)

    done = desk.read(begun)

    assert (done.status, done.error) == (
        "failed",
        "The uploaded file is not whole any more. Upload it again.",
    )


def test_an_upload_that_breaks_off_leaves_nothing(desk: Desk):
    def broken():
        yield b"email\n"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        imports.begin(
            desk.database,
            audience_id=desk.audience_id,
            format="csv",
            folder_id="f",
            stream=broken(),
            imports_dir=desk.folder,
            filename="a.csv",
            by="Ann",
            now=NOW,
        )

    assert list(desk.folder.iterdir()) == []
    assert read_imports(desk.database, desk.folder, "f", NOW) == 0


@pytest.mark.parametrize("name", ["\x00", "a\x00.csv", "../" * 200, "\x1b[31m", "x" * 5000, ""])
def test_a_file_may_be_called_anything(desk: Desk, name: str):
    read = desk.read(desk.begin(b"email\na@b.example\n", filename=name))

    assert (read.status, read.added) == ("done", 1)


def test_the_ingester_reads_what_its_own_folder_holds(desk: Desk):
    begun = desk.begin(b"email\nann@b.example\n")

    assert read_imports(desk.database, desk.folder, "another", NOW) == 0
    assert read_imports(desk.database, desk.folder, "f", NOW) == 1
    assert desk.read(begun).status == "done"


def test_a_file_that_a_crash_left_behind_goes_after_a_day(desk: Desk):
    (desk.folder / "left").write_bytes(b"email\n")
    held = desk.begin(b"email\n")

    read_imports(desk.database, desk.folder, "another", NOW)
    assert (desk.folder / "left").exists()
    read_imports(desk.database, desk.folder, "another", NOW + timedelta(days=2))

    assert [path.name for path in desk.folder.iterdir()] == [held.id]


cells = st.sampled_from(
    [
        b"ann@b.example",
        b"BO@b.example",
        b"x",
        b"7",
        b"8",
        b",",
        b'"',
        b"\n",
        b"\r\n",
        b"\xe9",
        b"\0",
    ]
)


@given(st.lists(cells, max_size=30).map(b"".join))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_every_record_is_counted_once(desk: Desk, body: bytes):
    done = desk.take(b"email,external_id\n" + body)

    rows, *parts = counts(done)
    assert rows == sum(parts)
    assert len(desk.refusals(done)) == done.refused


def _objects(lines: int, columns: int) -> bytes:
    """Objects that each name columns of their own."""
    cells = [
        ",".join(f'"c{line}_{one}":1' for one in range(columns)) for line in range(1, lines + 1)
    ]
    return b"".join(
        f'{{"email":"{n}@b.example",{one}}}\n'.encode() for n, one in enumerate(cells, 1)
    )


def test_lines_that_each_name_other_columns_are_refused_past_the_most_an_audience_has(desk: Desk):
    most = headers.MOST_COLUMNS
    content = _objects(lines=imports.CHUNK + 5, columns=20)

    first = desk.take(content, "ndjson")
    again = desk.take(content, "ndjson")

    taken = (most - len(OWN)) // 20
    assert (first.rows, first.added) == (imports.CHUNK + 5, taken)
    assert (again.unchanged, again.refused) == (taken, first.refused)
    line, reason = desk.refusals(first)[0]
    assert line == taken + 1
    assert "1,000" in reason
    with desk.database.read() as session:
        assert len(store.audience_of(session, desk.audience_id).columns) <= most


def test_a_file_whose_lines_share_their_columns_has_room_for_all(desk: Desk):
    line = ",".join(f'"c{one}":1' for one in range(headers.MOST_COLUMNS - 10))
    lines = "".join(f'{{"email":"{n}@b.example",{line}}}\n' for n in range(3))

    row = desk.take(lines.encode(), "ndjson")

    assert (row.added, row.refused) == (3, 0)
