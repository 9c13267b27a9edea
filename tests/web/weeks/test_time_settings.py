"""Who answers, when, and about which kinds of work: on its page."""

from app.allocation import roster, store
from app.platform.db import Database
from tests.web.conftest import Browser

PAGE = "/time/settings"
TIMES = {
    "mode": "person",
    "opens": "Thursday 16:30",
    "reminds": "friday 09:00",
    "closes": "friday 17:00",
}


def rows(*names: str) -> dict[str, str]:
    """The form's rows as they stand for the first four kinds, with other names."""
    ids = ("lights", "new", "existing", "productivity")
    fields: dict[str, str] = {}
    for row, (key, name) in enumerate(zip(ids, names, strict=True)):
        fields |= {f"{row}.id": key, f"{row}.name": name, f"{row}.position": str(row + 1)}
        fields[f"{row}.elective"] = "no" if key == "lights" else "yes"
    return fields


FOUR = rows("Lights", "New", "Existing", "Faster")


def kinds(database: Database) -> list[tuple[str, float | None]]:
    with database.read() as session:
        return [(one.name, one.target) for one in store.buckets(session)]


def test_times_are_changed_in_plain_words(ann: Browser, database: Database):
    page = ann.send(f"{PAGE}/times", on="times", **TIMES)

    assert 'value="thursday 16:30"' in page.text
    with database.read() as session:
        assert roster.settings_shown(session).mode == "person"


def test_times_out_of_order_are_refused_and_stay_in_the_form(ann: Browser):
    shown = ann.post(f"{PAGE}/times", **TIMES | {"closes": "monday 10:00"})

    assert shown.status_code == 422
    assert "put the times in order" in shown.text
    assert 'value="monday 10:00"' in shown.text


def test_a_time_that_is_none_says_how_one_is_written(ann: Browser):
    shown = ann.post(f"{PAGE}/times", **TIMES | {"opens": "soon"})

    assert shown.status_code == 422
    assert "Write a day and a time, like friday 14:00" in shown.text


def test_kinds_are_renamed_ordered_added_and_retired(ann: Browser, database: Database):
    more = {
        "0.position": "9",
        "1.target": "70",
        "3.target": "20 %",
        "2.retired": "1",
        "4.name": "Learn",
        "4.elective": "yes",
        "4.target": "10",
    }
    ann.send(f"{PAGE}/buckets", on="kinds", **FOUR | more)

    assert kinds(database) == [("New", 0.7), ("Faster", 0.2), ("Lights", None), ("Learn", 0.1)]


def test_targets_that_do_not_add_up_are_refused_with_what_was_typed(
    ann: Browser, database: Database
):
    before = kinds(database)
    wrong = FOUR | {"1.target": "60", "2.target": "20", "3.target": "30"}
    shown = ann.post(f"{PAGE}/buckets", **wrong)

    assert shown.status_code == 422
    assert "they add up to 100 %" in shown.text
    assert 'value="30"' in shown.text
    assert kinds(database) == before


def test_a_target_that_is_no_number_is_marked(ann: Browser):
    shown = ann.post(f"{PAGE}/buckets", **FOUR | {"1.target": "most"})

    assert shown.status_code == 422
    assert "A target is a share in percent, like 60." in shown.text


def test_a_kind_that_exists_keeps_its_side(ann: Browser, database: Database):
    ann.send(f"{PAGE}/buckets", on="kinds", **FOUR)
    turned = ann.post(f"{PAGE}/buckets", **FOUR | {"1.elective": "no", "0.elective": "yes"})

    assert turned.status_code == 422
    assert "has answers: retire it and add another bucket" in turned.text
    assert kinds(database)[1][0] == "New"


def test_a_viewer_reads_and_changes_nothing(bo: Browser):
    assert "friday 14:00" in bo.get(PAGE).text
    assert "Save times" not in bo.get(PAGE).text
    assert bo.post(f"{PAGE}/times", **TIMES).status_code == 403
