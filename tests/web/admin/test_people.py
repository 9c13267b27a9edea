"""People who log in, as an admin looks after them; and customers who ask to be forgotten."""

from app.identity.passwords import SHORTEST
from tests.web.conftest import Browser


def test_an_admin_ends_sessions_sets_a_password_and_removes(ann: Browser, eve: Browser):
    page = find(ann, "Eve")
    ended = ann.send(f"{page}/end-sessions", on=page)
    out = eve.get("/features")
    eve.log_in("eve@halvern.example")
    short = ann.post(f"{page}/password", password="short")
    ann.send(f"{page}/password", on=page, password="another long sentence")
    out_again = eve.get("/features")
    eve.log_in("eve@halvern.example", "another long sentence")
    inside = eve.get("/features")
    ann.send(f"{page}/remove", on=page)

    assert "Every session of this person has ended." in ended.text
    assert short.status_code == 422
    assert "At least 10 characters" in short.text
    assert [one.status_code for one in (out, out_again, inside)] == [303, 303, 200]
    assert eve.get("/features").status_code == 303
    assert ann.get(page).status_code == 404


def test_nobody_is_asked_to_remove_themselves(ann: Browser):
    mine = ann.get(find(ann, "Ann")).text

    assert "Remove Ann" not in mine
    assert 'href="/account"' in mine


def test_what_cannot_be_undone_asks_first(ann: Browser):
    theirs = ann.get(find(ann, "Eve")).text

    assert theirs.index("<summary>Remove Eve …") < theirs.index(">Remove Eve</button>")
    assert "This cannot be undone." in theirs


def test_every_page_names_the_length_that_a_password_must_have(ann: Browser):
    pages = ("/people", find(ann, "Eve"), "/account")

    assert all(f"At least {SHORTEST} characters" in ann.get(page).text for page in pages)


def find(browser: Browser, name: str) -> str:
    listed = browser.get("/people").text
    return listed.split(f">{name}</a>")[0].rpartition('href="')[2].rstrip('"')


def test_a_customer_is_found_exported_and_erased(ann: Browser, bakeries: str):
    found = ann.post("/customers/find", q="BO@b.example")
    page = found.headers["location"]
    shown = ann.get(page)
    kept = ann.get(f"{page}/export")
    asked = ann.get(f"{page}/erase")
    erased = ann.send(f"{page}/erase", on=page)

    assert "Audiences, with their columns there" in shown.text
    assert kept.json()["audiences"][0]["data"]["euros"] == "44"
    assert "This cannot be undone." in asked.text
    assert "Erased. Results stay as they were." in erased.text
    assert ann.get(page).status_code == 404
    assert "bo@b.example" not in ann.get(f"/audiences/{bakeries}").text


def test_somebody_who_was_erased_may_come_back(ann: Browser, bakeries: str):
    page = ann.post("/customers/find", q="bo@b.example").headers["location"]
    never = ann.post("/customers/readmit", email="bo@b.example")
    ann.post(f"{page}/erase")
    missing = ann.post("/customers/find", q="bo@b.example")
    back = ann.send("/customers/readmit", on="/customers", email="bo@b.example")

    assert never.status_code == 422
    assert "Let bo@b.example come back" in missing.text
    assert "They may come back" in back.text


def test_an_editor_looks_and_does_not_erase(eve: Browser, bakeries: str):
    page = eve.post("/customers/find", q="bo@b.example").headers["location"]

    assert "Erase…" not in eve.get(page).text
    assert eve.post(f"{page}/erase").status_code == 403


def test_a_bad_address_is_refused_in_words_on_every_page(ann: Browser):
    answers = [
        ann.post("/customers/find", q="nobody@"),
        ann.post("/customers/readmit", email="nobody@"),
        ann.post("/suppressions", email="nobody@"),
        ann.post("/people", name="Di", email="nobody@", role="viewer", password="a long sentence"),
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert all("cannot be used: " in answer.text for answer in answers[:3])
    assert not any("bad_address" in answer.text for answer in answers)
