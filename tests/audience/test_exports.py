"""Exports of the usual contact tools, each as it comes: by the headers that they document."""

from pathlib import Path

import pytest

from app.audience import headers, store
from app.platform import separators
from app.platform.db import Database
from tests.audience.test_imports import NOW, Desk, counts

EXPORTS = Path(__file__).parent / "exports"


@pytest.fixture(name="desk")
def _desk(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    with database.write() as session:
        audience = store.add_audience(session, "Bakers", by="Ann", now=NOW)
    return Desk(database, tmp_path_factory.mktemp("imports"), audience.id)


@pytest.mark.parametrize("file", sorted(EXPORTS.iterdir()), ids=lambda file: file.name)
def test_an_export_is_read_as_it_comes(desk: Desk, file: Path):
    done = desk.take(file.read_bytes())

    assert (done.error, done.status, counts(done)) == (None, "done", (2, 2, 0, 0, 0))
    assert [(row["email"], row["name"]) for row in desk.rows()] == [
        ("ann@b.example", "Ann Berg"),
        ("bo@b.example", "Bo Dahl"),
    ]


@pytest.mark.parametrize(
    ("file", "column", "wanted"),
    [
        ("mailchimp", "OPTIN_TIME", None),
        ("mailchimp", "CONFIRM_TIME", ("date", "year_first")),
        ("mailchimp", "Phone_Number", ("text", None)),
        ("hubspot", "Record_ID", ("text", None)),
        ("hubspot", "Create_Date", ("date", "year_first")),
        ("salesforce", "Annual_Revenue", ("number", "decimal_point")),
        ("salesforce", "Created_Date", ("date", "month_first")),
        ("google", "E_mail_2_Value", ("text", None)),
        ("pipedrive", "Person_Open_deals", ("number", "decimal_point")),
        ("intercom", "Unsubscribed_from_Emails", ("boolean", "yes_no")),
        ("intercom", "Web_sessions", ("number", "decimal_point")),
        ("excel_de", "Verlust_Wo", ("number", "decimal_comma")),
        ("excel_de", "Verlängerung", ("date", "day_first")),
        ("excel_fr", "Perte_sem", ("number", "decimal_comma")),
        ("excel_us", "Waste", ("number", "decimal_point")),
        ("excel_us", "Waste_2", ("text", None)),
        ("excel_us", "Renewal", ("date", "month_first")),
    ],
)
def test_its_columns_are_what_they_look_like(
    desk: Desk, file: str, column: str, wanted: tuple[str, str | None] | None
):
    desk.take((EXPORTS / f"{file}.csv").read_bytes())
    with desk.database.read() as session:
        found = {c["name"]: c for c in store.audience_of(session, desk.audience_id).columns}

    one = found.get(column)
    assert (one and (one["type"], one["format"])) == wanted


@pytest.mark.parametrize(
    "written",
    ["email", "Email", "EMAIL", " E-Mail ", "e-mail", "Email address", "E-mail Address", "e_mail",
     "E-Mail-Adresse", "email-address", "Mail", "E-post", "Courriel", "E-mail 1 - Value",
     "Correo electrónico", "Indirizzo e-mail", "Person - Email - Work"],
)  # fmt: skip
def test_an_email_is_known_however_its_header_is_written(written: str):
    assert headers.columns_of(("Firma", written))[1].name == "email"


def test_of_several_addresses_the_plain_one_is_the_email():
    found = headers.columns_of(("E-mail 2 - Value", "Work email", "Email", "email "))

    assert [one.name for one in found] == ["E_mail_2_Value", "Work_email", "email_2", "email"]


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        (['email;name;"a, b, c, d, e"\n', "x@b.example;Ann;1,5\n"], ";"),
        (["email,note\n", 'x@b.example,"a;b;c;d"\n'], ","),
        (["email\tnote\n", "x@b.example\ta,b,c\n"], "\t"),
        (["email|note\n", "x@b.example|a,b\n"], "|"),
        (["email\n", "x@b.example\n"], ","),
        (["Name;E-Mail;Notiz, lang, sehr\n", "A;x@b.example;1,2\n"], ";"),
    ],
)
def test_the_separator_is_found_from_whole_rows(lines: list[str], sign: str):
    assert separators.found(lines, headers.is_email) == sign


def test_columns_without_a_name_at_the_end_are_harmless(desk: Desk):
    done = desk.take(b"email,name,,\nann@b.example,Ann,,\nbo@b.example,Bo\ncem@b.example,Cem,,,,\n")

    assert counts(done) == (3, 3, 0, 0, 0)
    assert all(set(row) == {"email", "name"} for row in desk.rows())
