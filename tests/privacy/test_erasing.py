"""Whoever leaves is forgotten everywhere, and every number stays."""

import asyncio
from datetime import timedelta

from app.privacy import export
from app.privacy.registry import PARTS
from tests.moments import NOW
from tests.privacy.town import HOUR, SIGNS, Town, line, signs_in

LATER = NOW + 2 * HOUR


def traces(town: Town) -> set[tuple[str, str]]:
    """The columns in which a sign of somebody who leaves stands."""
    return {
        (table, column)
        for table, column, cell in town.rows()
        if any(sign in cell.lower() for sign in SIGNS)
    }


def test_the_town_has_left_traces_in_every_personal_column(town: Town):
    found = traces(town)
    wanted = {
        (part.table.name, name)
        for part in PARTS
        for name in part.personal
        if name not in {"address_key", "address_class", "flags", "digest", "person_id"}
    }
    quiet = {
        ("person", "timezone"),  # the town's time zones are not known, and left empty
        ("person", "consent_open"),
        ("person", "consent_click"),
        ("send", "last_reply"),
        ("ineligible", "detail"),
        ("notice", "recipient"),
        ("notice", "last_reply"),
        ("notice", "headers"),  # encoded
        ("reaction", "memory"),  # hashed
    }

    assert wanted - found - {("import_note", "note")} <= quiet


def test_whoever_is_erased_is_in_no_row_any_more(town: Town):
    town.erase()
    town.finish(LATER)

    assert traces(town) == set()
    assert ("week_item", "text", "Call (erased) back.") in set(town.rows())


def test_no_number_changes(town: Town):
    before = town.numbers()
    town.erase()
    town.finish(LATER)

    assert town.numbers() == before


def test_an_export_holds_what_is_erased(town: Town):
    person_id, email = town.people_leaving()[0]
    with town.house.database.read() as session:
        held = export.rows_about(session, person_id)

    assert {name for name, rows in held.items() if not rows} == {"left_out"}
    assert {name for name, rows in held.items() if any(sign in str(rows) for sign in SIGNS)} >= {
        "person", "audiences", "notes", "suppressions", "enrolments", "mails", "test_mails", "hits",
        "answers", "replies", "conversions", "mentions",
    }  # fmt: skip
    others = [other for _, other in town.people_leaving() if other != email]
    assert not [other for other in others if other in str(held)]


def test_a_file_does_not_bring_them_back(town: Town):
    town.erase()
    moved = line(1) | {"email": "elsewhere@leave.example"}  # another address, the same customer
    done = town.take([*map(line, range(town.leaving)), moved, {"email": "new@b.example"}])

    assert (done.rows, done.erased, done.added, done.refused) == (6, 5, 1, 0)
    assert town.people_leaving() == []


def test_another_system_that_speaks_of_them_is_heard_and_forgotten(town: Town):
    town.erase()
    town.finish(LATER)
    with town.house.database.write() as session:
        town.convert(session)
        town.convert(session, again="b")

    assert [one for one in traces(town) if one[0] == "conversion"] == []


def test_a_click_that_comes_after_counts_for_nobody(town: Town):
    mails = [mail for mail in town.mails() if mail.recipient.endswith("leave.example")]
    before = town.numbers()
    town.erase()
    asyncio.run(town.follow(mails))
    town.ingest(LATER)
    after = town.numbers()

    assert after["outcome"] == before["outcome"]
    assert sum(row[-1] for row in after["link_counter"]) == len(mails)
    assert [one for one in traces(town) if one[0] == "hit"] == []


def test_what_waits_is_never_mailed(house, monkeypatch):
    town = Town(house, monkeypatch)
    town.settle()
    town.erase(NOW)
    asyncio.run(town.send())

    assert [mail for mail in town.mails() if "leave.example" in mail.recipient] == []
    states = [cell for table, column, cell in town.rows() if (table, column) == ("send", "state")]
    assert sorted(states) == ["sent"] * town.staying + ["skipped"] * town.leaving
    assert len(town.numbers()["outcome"]) == town.staying


def test_an_erasure_waits_for_a_mail_that_is_under_way(town: Town):
    person_id, _ = town.people_leaving()[0]
    town.set_state(person_id, "sending")
    (asked, *_) = town.erase()
    town.finish(LATER)
    waiting = town.erasures()
    town.set_state(person_id, "sent")
    town.finish(LATER + HOUR)

    assert (asked.under_way, waiting, town.erasures()) == (1, [person_id], [])


def test_an_erasure_waits_for_a_file_that_is_being_read(town: Town):
    begun = town.begin([line(0)])
    town.erase()
    town.finish(LATER)
    waiting = len(town.erasures())
    town.ingest(LATER)
    town.finish(LATER + timedelta(hours=1))

    assert (waiting, town.erasures(), begun.erased) == (town.leaving, [], 0)
    assert list(town.house.imports.iterdir()) == []


def test_files_hold_no_byte_of_them(town: Town):
    assert signs_in(town.house.settings.data_dir.parent)
    town.erase()
    town.finish(LATER)
    town.turn_journals()

    assert signs_in(town.house.settings.data_dir.parent) == []
