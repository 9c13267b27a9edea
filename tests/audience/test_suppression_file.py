"""The do-not-mail list as a file: what is written is read back the same, and nobody is lost."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from app.audience import declined_store, suppression_file, suppression_store
from app.audience.suppression_file import Refused
from app.platform.errors import Invalid
from app.platform.paging import every

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
KINDS = ("offers", "features")


def take(session: Session, text: str) -> suppression_file.Taken:
    return suppression_file.take(session, text, kinds=KINDS, by="Ann", now=NOW)


def held(session: Session) -> dict[tuple[str, str], tuple[str, datetime]]:
    """Who is on the list, for which kind, why and since when."""
    found = {}
    for row in every(lambda cursor: suppression_store.suppressions(session, cursor=cursor)):
        found[row.email_key, ""] = (row.reason, row.created_at)
    for one in every(lambda cursor: declined_store.listed(session, cursor=cursor)):
        found[one.email_key, one.mail_kind] = ("unsubscribed", one.created_at)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_what_is_exported_is_imported_as_it_was(session: Session, seed: int):
    rng = random.Random(seed)
    names = ["ann", "=cmd", "+49", "-x", "o'neil", "bo+bread", "zoe", "a.b"]
    for name in names:
        kind = rng.choice(["", *KINDS])
        key = f"{name}@b{rng.randrange(9)}.example"
        since = NOW - timedelta(minutes=rng.randrange(10**6))
        if kind:
            declined_store.decline(session, key, [kind], by="x", now=since)
        else:
            reason = rng.choice(["unsubscribed", "=1+1", 'said "no", twice', "böse"])
            suppression_store.suppress(session, key, reason, by="x", now=since)
    before, text = held(session), "".join(suppression_file.written(session))
    for key, kind in before:
        if kind:
            rows = declined_store.kinds_of(session, key)
            declined_store.lift(session, rows[kind].id)
        else:
            listed = suppression_store.suppressions(session)
            suppression_store.lift(session, next(r.id for r in listed if r.email_key == key))
    nothing = held(session)
    taken = take(session, text)

    assert nothing == {}
    assert held(session) == before
    assert (taken.added, taken.known, taken.refused) == (len(names), 0, [])
    assert take(session, text).known == len(names)
    assert not [
        cell for row in csv.reader(io.StringIO(text)) for cell in row if cell[:1] in set("=+-")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ann@b.example\nbo@b.example\n",
        "Email;Grund\nann@b.example;Telefon\nbo@b.example;\n",
        "\ufeffname,E-Mail,reason\r\nAnn,ann@b.example,x\r\nBo,BO@b.example,y\r\n",
        "\n\nann@b.example\n\n\nbo@b.example",
        "sep=;\nemail;since\nann@b.example;2026-11-01\nbo@b.example;someday\n",
        "email,kind\nann@b.example,\nbo@b.example,\nbo@b.example,\n",
    ],
)
def test_lists_as_people_have_them(session: Session, text: str):
    taken = take(session, text)

    assert {key for key, _ in held(session)} == {"ann@b.example", "bo@b.example"}
    assert (taken.added, taken.refused) == (2, [])


def test_a_line_that_cannot_be_taken_is_named_and_all_others_are_taken(session: Session):
    text = (
        "email,kind,since\nann@b.example,offers,2026-11-01T08:00:00Z\nnobody\n"
        'bo@b.example,bread,\ncem@b.example,,31.31.2026\n"dee\n@b.example",,\neve@b.example,,\n'
    )
    taken = take(session, text)

    assert [one.line for one in taken.refused] == [3, 4, 6]
    assert taken.refused[1] == Refused(
        4, "There is no kind of mail “bread”. Leave it empty, or write one of: offers, features."
    )
    assert set(held(session)) == {
        ("ann@b.example", "offers"), ("cem@b.example", ""), ("eve@b.example", ""),
    }  # fmt: skip
    assert held(session)["ann@b.example", "offers"][1] == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert (taken.added, taken.undated) == (3, 1)
    assert "1 day could not be read" in taken.sentence
    assert "3 lines could not be taken." in taken.sentence


def test_a_day_to_come_is_today(session: Session):
    take(session, "email,since\nann@b.example,2099-01-01\n")

    assert held(session)["ann@b.example", ""][1] == NOW


def test_whoever_is_on_the_list_stays_as_they_are(session: Session):
    suppression_store.suppress(session, "ann@b.example", "complained", by="x", now=NOW)
    taken = take(session, "email,reason\nAnn@B.example,other\n")

    assert held(session) == {("ann@b.example", ""): ("complained", NOW)}
    assert (taken.added, taken.known) == (0, 1)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"),
        (b"name,address\nAnn,x\n", "No column is called"),
        (b"PK\x03\x04xxxx", "Excel"),
        (b"\x00\x01\x02", "not a text file"),
        (b"a" * (suppression_file.MOST_BYTES + 1), "larger than 5 MB"),
        (b'email\n"' + b"x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_what_is_no_such_file_says_what_to_do(session: Session, raw: bytes, says: str):
    with pytest.raises(Invalid, match=says):
        take(session, suppression_file.text_of(raw))
