"""People are listed, found, added and changed by page: one by one, and all of them."""

import re
from collections.abc import Iterator

import pytest
from sqlmodel import select

from app.audience.models import Membership, Person
from app.platform.db import Database
from tests.web.conftest import NOW, Browser

NAMES = ("Åsa", "Bo", "Çem", "Dee")


def of(page: str) -> list[str]:
    """Whose addresses stand on a page, in its order."""
    return re.findall(r'class="table__main" href="[^"]*">([^<]*)<', page)


@pytest.fixture
def many(bakeries: str, database: Database) -> str:
    """120 more people in the audience, and as many in none."""
    with database.write() as session:
        for number in range(240):
            email = f"p{number:03}@m.example"
            person = Person(
                id=f"p{number:03}", email=email, email_key=email, created_at=NOW, updated_at=NOW,
                name=f"{NAMES[number % 4]} {999 - number}",
            )  # fmt: skip
            session.add(person)
            if number < 120:
                data = {"town": f"Ørsta {number % 7}"}
                session.add(Membership(audience_id=bakeries, person_id=person.id, data=data))
    return bakeries


def walked(browser: Browser, address: str) -> Iterator[str]:
    while True:
        page = browser.get(address).text
        yield from of(page)
        following = re.search(r'class="pager"><a class="[^"]*" href="([^"]*)"', page)
        if following is None:
            return
        address = following[1].replace("&amp;", "&")
        assert "example" not in address  # nobody's address stands in an address bar


@pytest.mark.parametrize("sort", ["id", "name", "email"])
def test_everybody_is_paged_through_once_in_each_order(
    eve: Browser, many: str, database: Database, sort: str
):
    with database.read() as session:
        everybody = session.exec(select(Person)).all()
        key = {"id": "id", "name": "name", "email": "email_key"}[sort]
        home = select(Membership.person_id).where(Membership.audience_id == many)
        ids = set(session.exec(home).all())
    expected = {one.email for one in everybody}

    at_home = list(walked(eve, f"/audiences/{many}/people?sort={sort}"))
    at_large = list(walked(eve, f"/customers?sort={sort}"))

    assert len(at_home) == len(set(at_home)) == 123
    assert set(at_home) == {one.email for one in everybody if one.id in ids}
    assert len(at_large) == len(expected)
    assert set(at_large) == expected
    if sort != "name":  # what comes first of two letters, each database knows for itself
        by_email = {one.email: getattr(one, key) for one in everybody}
        assert [by_email[one] for one in at_large] == sorted(by_email.values())


@pytest.mark.parametrize(
    ("words", "count"),
    [("p007@", 1), ("m.example", 50), ("bo 99", 3), ("ørsta 3", 17), ("ÅSA 999", 1), ("100%", 0),
     ("_", 0), ("nothing of the kind", 0)],
)  # fmt: skip
def test_somebody_is_found_by_address_name_or_column(
    eve: Browser, many: str, words: str, count: int
):
    page = eve.post(f"/audiences/{many}/people/find", q=words)

    assert page.status_code == 200
    assert len(of(page.text)) == count


def test_what_was_found_is_paged_through_too(eve: Browser, many: str):
    found: list[str] = []
    sent = {"q": "m.example", "sort": "email"}
    while True:
        page = eve.post(f"/audiences/{many}/people/find", **sent).text
        found += of(page)
        following = re.search(r'name="cursor" value="([^"]*)"', page)
        if following is None:
            break
        sent["cursor"] = following[1]

    assert found == [f"p{number:03}@m.example" for number in range(120)]


def test_a_customer_is_found_by_name_and_column(eve: Browser, many: str):
    by_name = eve.post("/customers/find", q="dee 9").text
    by_column = eve.post("/customers/find", q="Ørsta 3").text

    assert of(by_name)
    assert len(of(by_column)) == 17
    assert "Nobody here matches that" in eve.post("/customers/find", q="zzz").text


def test_one_is_added_and_changed_and_the_columns_count_them(eve: Browser, bakeries: str):
    added = eve.post(
        f"/audiences/{bakeries}/people",
        **{"cell:email": "Zoe@b.example", "cell:name": "Zoe", "cell:euros": "12",
           "new_name": "favourite bread", "new_value": "rye"},
    )  # fmt: skip
    assert added.status_code == 303, added.text
    page = added.headers["location"].partition("?")[0]
    shown = eve.get(page).text
    assert 'value="rye"' in shown
    assert "4 people" in eve.get(f"/audiences/{bakeries}").text

    changed = eve.send(
        page, on=page, **{"cell:name": "Zoë", "cell:euros": "", "cell:favourite_bread": "spelt"}
    ).text
    assert 'value="Zoë"' in changed
    assert 'value="spelt"' in changed
    assert 'name="cell:euros" type="text" value=""' in changed


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cell:email": "nobody@"}, "This address cannot be used"),
        ({"cell:email": ""}, "This address cannot be used"),
        ({"cell:email": "zoe@b.example", "cell:timezone": "Mars"}, "This time zone is not known"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_typed_is_lost(
    eve: Browser, bakeries: str, fields: dict[str, str], said: str
):
    answer = eve.post(f"/audiences/{bakeries}/people", **fields, **{"cell:name": "Zoe the 2nd"})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Zoe the 2nd"' in answer.text


def test_whoever_opted_out_elsewhere_gets_no_mail_when_added_by_hand(eve: Browser, bakeries: str):
    eve.post(
        f"/audiences/{bakeries}/people",
        **{"cell:email": "zoe@b.example", "new_name": "Unsubscribed", "new_value": "yes"},
    )

    assert "zoe@b.example" in eve.get("/suppressions").text


def test_a_viewer_sees_nobody(bo: Browser, bakeries: str):
    for path in ("people", "people/new", "people/p001"):
        assert bo.get(f"/audiences/{bakeries}/{path}").status_code == 403
    assert bo.post(f"/audiences/{bakeries}/people/find", q="a").status_code == 403
    assert "/people" not in bo.get(f"/audiences/{bakeries}").text.partition('id="main"')[2]
