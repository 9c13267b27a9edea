"""The reader goes on from any record's end, and no line of any file is lost."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audience import ndjson, text_lines
from app.audience.batches import take
from app.audience.reading import Record, read_csv, read_header, read_ndjson
from app.audience.text_lines import BadFile

pieces = st.sampled_from(
    [b"a@b.example", b"x", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b" ", b"\xe9", b"\xc3\xa9"]
)
bodies = st.lists(pieces, max_size=40).map(b"".join)


def records(content: bytes, *, offset: int = 0, line: int = 0) -> list[Record]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_bytes(content)
        header = read_header(path)
        start = (offset, line) if offset else (header.offset, header.line)
        return list(read_csv(path, header, offset=start[0], line=start[1]))


@given(bodies)
@settings(max_examples=150)
def test_going_on_after_any_record_reads_what_reading_in_one_go_does(body: bytes):
    content = b"email,note\n" + body
    everything = records(content)

    for number, record in enumerate(everything):
        rest = records(content, offset=record.offset, line=record.next_line)
        assert rest == everything[number + 1 :]


@given(bodies)
@settings(max_examples=150)
def test_every_line_belongs_to_one_record_or_is_blank(body: bytes):
    content = b"email,note\n" + body
    physical = content.split(b"\n")

    seen: set[int] = set()
    for record in records(content):
        own = set(range(record.line, record.next_line + 1))
        assert not own & seen
        seen |= own

    left = [text for number, text in enumerate(physical, 1) if number > 1 and number not in seen]
    assert not any(text.strip(b"\r") for text in left)


def test_a_quote_that_never_closes_costs_its_own_line_only():
    body = b'ann@b.example,"oops\n' + b"".join(b"p%d@b.example,x\n" % n for n in range(3000))

    found = records(b"email,note\n" + body)

    assert len(found) == 3001
    assert "a quote opens on this line" in (found[0].refused or "")
    assert [record.refused for record in found[1:]] == [None] * 3000


def test_a_quote_closed_wrongly_further_down_costs_its_own_line_only():
    found = records(b'email,note\nann@b.example,"oops\nbo@b.example,x\ncem@b.example,"y" z\n')

    assert [(one.line, one.refused is None) for one in found] == [(2, False), (3, True), (4, False)]


def test_a_cell_may_have_many_lines():
    cell = b"\n".join([b"x"] * (text_lines._MOST_LINES - 1))

    found = records(b'email,note\nann@b.example,"' + cell + b'"\nbo@b.example,y\n')

    assert [one.refused for one in found] == [None, None]
    assert found[1].line == text_lines._MOST_LINES + 1


@pytest.mark.parametrize(
    ("first", "names"),
    [
        (b"email,name\n", ["email", "name"]),
        (b"\xef\xbb\xbfEMAIL;Name\r\n", ["email", "name"]),
        (b"\n \nemail\tEuros a week\n", ["email", "Euros_a_week"]),
        (b'"email","Euros\na week"\n', ["email", "Euros_a_week"]),
        ("email,Størrelse, % off!\n".encode(), ["email", "Størrelse", "off"]),
        ("email,A\u030arsak\n".encode(), ["email", "\u00c5rsak"]),
        (b"email,\n", ["email", "column"]),
    ],
)
def test_a_header_names_columns_as_templates_can_write_them(
    tmp_path: Path, first: bytes, names: list[str]
):
    path = tmp_path / "people.csv"
    path.write_bytes(first)

    assert [column.name for column in read_header(path).columns] == names


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"email\ra@b.example\rc@d.example\r", "a carriage return stands alone"),
        (b'"email\n', "Line 1 should name the columns and is not CSV"),
        (b"email," + b"x" * 2_000_000 + b"\n", "Line 1 names no columns: the line is longer"),
        ("email\n".encode("utf-16"), "This is not a text file"),
        (b"\xef\xbb\xbf", "The file is empty"),
    ],
)
def test_a_header_that_is_none_says_why(tmp_path: Path, content: bytes, sentence: str):
    path = tmp_path / "people.csv"
    path.write_bytes(content)

    with pytest.raises(BadFile, match=sentence):
        read_header(path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (r'{"n":"\ud800"}', "lone surrogate"),
        (r'{"n":"\u0000"}', "NUL"),
        (r'{"\u0000":1}', "NUL"),
        ('{"n":NaN}', "NaN is not a number"),
        ('{"n":-Infinity}', "-Infinity is not a number"),
        ('{"n":1e999}', "a number is too large"),
        ('{"n":' + "1" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[1]", "not a JSON object"),
        ('{"n":{}}', "a list or an object"),
        ("{", "not JSON"),
        ('{"email":"a","email":"b"}', "“email” stands twice"),
    ],
)
def test_an_object_that_no_database_keeps_is_refused(line: str, reason: str):
    with pytest.raises(ndjson.BadObject, match=reason):
        ndjson.read(line)


def test_two_keys_that_make_one_column_are_two_columns(tmp_path: Path):
    path = tmp_path / "people.ndjson"
    path.write_bytes(b'{"email":"a@b.example","a b":1,"a_b":2}\n{"Email":"a@b.example"}\n')

    first, second = read_ndjson(path, offset=0, line=0)

    assert first.values == {"email": "a@b.example", "a_b": 1, "a_b_2": 2}
    assert second.values == {"email": "a@b.example"}


def test_blank_lines_of_a_large_file_are_not_kept(tmp_path: Path):
    path = tmp_path / "people.ndjson"
    path.write_bytes(b"\n" * 100_000 + b'{"email":"a@b.example"}\n')

    (only,), more = take(read_ndjson(path, offset=0, line=0), 5)

    assert not more
    assert (only.line, only.raw) == (100_001, '{"email":"a@b.example"}')


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (b"Cem,Dahl", "Cem Dahl"),
        (b"Cem,NULL", "Cem"),
        (b"n/a,Dahl", "Dahl"),
        (b"None,#N/A", None),
        (b",-", None),
    ],
)
def test_a_word_that_means_nothing_is_no_part_of_a_name(cells: bytes, name: str | None):
    (found,) = records(b"email,First name,Last name\ncem@b.example," + cells + b"\n")

    assert found.values.get("name") == name


def test_a_file_of_more_columns_than_anybody_has_is_refused(tmp_path: Path):
    path = tmp_path / "people.csv"
    path.write_text("email," + "a," * 100_000 + "\n")

    with pytest.raises(BadFile, match="100,002 columns; a file of people has 1,000"):
        read_header(path)


def test_a_person_of_more_columns_than_anybody_has_is_refused(tmp_path: Path):
    path = tmp_path / "people.ndjson"
    wide = {"email": "a@b.example"} | {f"a{'!' * number}": 1 for number in range(1_000)}
    path.write_text(json.dumps(wide) + '\n{"email":"b@b.example"}\n')

    first, second = read_ndjson(path, offset=0, line=0)

    assert first.refused == "1,001 columns; a person has 1,000 at most"
    assert second.refused is None


def test_a_quote_that_never_closes_costs_a_line_and_a_chunk_ends_early(tmp_path: Path):
    path = tmp_path / "people.csv"
    line = 'a","' + "x" * 250 + "\n"  # opens a quote, whether or not one is open
    path.write_text("email,name\n" + line * 5_000)
    header = read_header(path)
    taken, more = take(read_csv(path, header, offset=header.offset, line=header.line), 100_000)

    assert more
    assert all(record.refused for record in taken)
    assert [record.line for record in taken] == list(range(2, len(taken) + 2))
