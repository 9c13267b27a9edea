"""From a file's cell to the sent mail: API, checklist, preview and mail say the same."""

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.audience import members
from app.delivery import planning, preview
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.delivery.reserving import Prepared, Reserver
from app.experiments import enrolment, rehearsal
from app.experiments import store as experiments
from app.experiments.models import Ineligible
from app.platform.db import Database
from tests.api.conftest import NOW, Api
from tests.api.test_audiences import send
from tests.cast import DESIGN
from tests.duties import read_imports, run

CSV = """email;name;waste;renewal;member;Insight
ann@b.example;Ann;61,3;13.05.2027;ja;rye
bo@b.example;Bo;1.261,30 €;01.06.2027;nein;rolls
cem@b.example;Cem;NULL;01.06.2027;ja;rye
dee@b.example;Dee;lots;02.06.2027;ja;rye
eve@b.example;Eve;7;31.02.2027;nein;rye
fay@b.example;Fay;8;01.07.2027;ja;n/a
gus@b.example;Gus;9;01.08.2027;ja;rye
hal@b.example;Hal;10,5;01.09.2027;ja;rye
"""
BODY = (
    "Hello {{ name }}, {{ waste }}: {% if waste > 50 %}much{% else %}little{% endif %},"
    " {{ waste | times: 2 | round: 1 }}. {% if member %}Member{% else %}Guest{% endif %}."
    " [Show](https://halvern.example/list)"
)


@pytest.fixture
def bakers(api: Api, database: Database, tmp_path: Path) -> Any:
    def take(content: str, kind: str = "text/csv") -> str:
        audience_id: str = api.made("/audiences", {"name": f"Bakers {len(content)}"})["id"]
        begun = send(api, audience_id, content.encode(), kind).json()
        read_imports(database, tmp_path / "imports", "here", NOW)
        assert api.read(f"/imports/{begun['id']}")["status"] == "done"
        return audience_id

    return take


def columns(api: Api, audience_id: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in api.read(f"/audiences/{audience_id}")["columns"]}


def drafted(api: Api, audience_id: str, *, body: str = BODY, **changes: Any) -> str:
    arm = DESIGN["arms"][0] | {"subject": "{{ name }}", "body": body}
    document = DESIGN | {"audience_id": audience_id, "arms": [arm]} | changes
    made: str = api.made("/experiments", document)["id"]
    return made


def items(api: Api, experiment_id: str) -> dict[str, dict[str, str]]:
    found = api.read(f"/experiments/{experiment_id}/checklist")
    return {one["id"]: one for one in found["items"]}


def test_columns_say_what_they_hold(api: Api, bakers: Any) -> None:
    found = columns(api, bakers(CSV))

    said = {name: (one["type"], one["format"], one["empty"], one["misfits"])
            for name, one in found.items()}  # fmt: skip
    assert said == {
        "waste": ("number", "decimal_comma", 1, 1),
        "renewal": ("date", "day_first", 0, 1),
        "member": ("boolean", "yes_no", 0, 0),
        "Insight": ("text", None, 1, 0),
    }
    assert found["waste"]["examples"] == ["61,3", "1.261,30 €", "7"]
    assert found["waste"]["misfit_examples"] == [{"line": 5, "value": "lots"}]


def test_what_was_noted_is_named_with_its_line(
    api: Api, database: Database, tmp_path: Path
) -> None:
    audience_id = api.made("/audiences", {"name": "Bakers"})["id"]
    content = CSV.replace("member", "time zone")
    begun = send(api, audience_id, content.encode()).json()
    read_imports(database, tmp_path / "imports", "here", NOW)
    notes = api.get(f"/imports/{begun['id']}/notes").text.splitlines()

    assert api.read(f"/imports/{begun['id']}")["noted"] == len(notes) == 10
    assert '"line": 5, "column": "waste", "value": "lots"' in notes[-2]
    assert api.read(f"/imports/{begun['id']}")["added"] == 8


def test_the_checklist_names_who_falls_away_and_why(api: Api, bakers: Any) -> None:
    found = items(api, drafted(api, bakers(CSV)))

    assert found["missing_column:waste"]["message"].startswith("“waste” is missing for 1 of 8")
    assert found["misfit:waste"]["message"] == (
        "The cell in “waste” does not fit its column for 1 of 8 people: dee@b.example"
        " (line 5: “lots” is not a number). They will not be mailed."
    )
    assert found["audience"]["message"].startswith("6 of 8 people")


def test_who_may_not_see_addresses_reads_how_many(api: Api, viewer: Api, bakers: Any) -> None:
    found = items(viewer, drafted(api, bakers(CSV)))

    assert found["misfit:waste"]["message"] == (
        "The cell in “waste” does not fit its column for 1 of 8 people. They will not be mailed."
    )
    assert "@b.example" not in " ".join(one["message"] for one in found.values())


def test_preview_and_mail_say_the_same(
    api: Api, bakers: Any, application: FastAPI, database: Database
) -> None:
    state = application.state
    made = drafted(api, bakers(CSV))
    with database.read() as session:
        row = experiments.experiment_of(session, made)
        people = members.chunk(session, str(row.audience_id), after=None, limit=9)
        bo = next(one for one in people if one.name == "Bo")
        seen = preview.preview_of(
            session,
            row,
            "insight",
            bo.person_id,
            names_people=True,
            settings=state.settings,
            keyring=state.keyring,
            now=NOW,
        )

    mails = launched(api, made, state, database)

    assert seen.text.startswith("Hello Bo, 1.261,30 €: much, 2522,6. Guest.")
    assert mails["bo@b.example"].startswith("Hello Bo, 1.261,30 €: much, 2522,6. Guest.")
    assert mails["ann@b.example"].startswith("Hello Ann, 61,3: much, 122,6. Member.")
    assert mails["eve@b.example"].startswith("Hello Eve, 7: little, 14. Guest.")
    assert not {"cem@b.example", "dee@b.example"} & set(mails)
    with database.read() as session:
        left = session.exec(select(Ineligible.reason, Ineligible.detail)).all()
    assert sorted(left) == [
        ("misfit", "waste: “lots” is not a number"),
        ("missing_column", "waste"),
    ]


def settle(state: Any, made: str, database: Database) -> None:
    enrolment.settle(
        database,
        made,
        renderable=LiquidRenderable(state.settings, state.keyring),
        paces=Outflow(state.settings),
        settings=state.settings,
        now=NOW,
    )


def launched(api: Api, made: str, state: Any, database: Database) -> dict[str, str]:
    """Launch, enrol, plan and compose as the sender does: the text of each mail."""
    assert api.post(f"/experiments/{made}/launch").status_code == 202
    settle(state, made, database)
    planning.plan(database, made, now=NOW)
    reserver = Reserver(database, state.settings, state.keyring, holder="h")
    mails: dict[str, str] = {}
    while batch := reserver.reserve(now=NOW):
        for one in batch:
            assert isinstance(one, Prepared), one
            message = message_from_bytes(one.mail.raw, policy=policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            mails[one.mail.recipient] = body.get_content()
    return mails


def test_what_is_changed_after_the_launch_changes_no_mail(
    api: Api, bakers: Any, application: FastAPI, database: Database
) -> None:
    audience_id = bakers(CSV)
    made = drafted(api, audience_id)
    assert api.post(f"/experiments/{made}/launch").status_code == 202
    api.ask("PATCH", f"/audiences/{audience_id}/columns/waste", json={"type": "text"})

    settle(application.state, made, database)

    assert api.read(f"/experiments/{made}")["enrolled"] == 6


AMBIGUOUS = CSV.replace("13.05", "12.05").replace("31.02", "01.02")


def test_an_order_that_nobody_can_know_is_asked_and_blocks(api: Api, bakers: Any) -> None:
    audience_id = bakers(AMBIGUOUS)
    body = "{{ renewal | date: '%-d %B' }} [x](https://halvern.example/)"
    made = drafted(api, audience_id, body=body)
    asked = columns(api, audience_id)["renewal"]

    assert (asked["type"], asked["format"]) == ("date", None)
    assert [one["format"] for one in asked["choices"]] == ["day_first", "month_first", None]
    assert items(api, made)["column_asked:renewal"]["level"] == "blocks"
    assert api.post(f"/experiments/{made}/launch").status_code == 409
    assert "column_asked:renewal" not in items(api, drafted(api, audience_id))  # not used

    change = {"type": "date", "format": "month_first"}
    answer = api.ask("PATCH", f"/audiences/{audience_id}/columns/renewal", json=change)

    assert (answer.status_code, answer.json()["format"]) == (200, "month_first")
    assert "column_asked:renewal" not in items(api, made)
    assert columns(api, audience_id)["renewal"]["decided_by"] == "author"


def test_a_later_file_does_not_unsay_the_author(
    api: Api, bakers: Any, database: Database, tmp_path: Path
) -> None:
    audience_id = bakers(AMBIGUOUS)
    change = {"type": "date", "format": "month_first"}
    api.ask("PATCH", f"/audiences/{audience_id}/columns/renewal", json=change)
    send(api, audience_id, b"email,renewal\nida@b.example,13.05.2027\n")
    read_imports(database, tmp_path / "imports", "here", NOW)

    found = columns(api, audience_id)["renewal"]

    assert (found["format"], found["misfits"]) == ("month_first", 1)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"type": "date", "format": "decimal_point"}, 422),
        ({"type": "number"}, 422),
        ({"type": "colour"}, 422),
        ({"type": "text", "format": "verbatim"}, 200),
        ({"type": "boolean", "format": "yes_no"}, 200),
    ],
)
def test_a_format_belongs_to_its_type(
    api: Api, bakers: Any, change: dict[str, str], status: int
) -> None:
    path = f"/audiences/{bakers(CSV)}/columns/waste"

    assert api.ask("PATCH", path, json=change).status_code == status


def test_a_column_that_is_not_there_is_not_found(api: Api, viewer: Api, bakers: Any) -> None:
    audience_id = bakers(CSV)
    change = {"type": "text"}

    for path, who, status in (("gone", api, 404), ("waste", viewer, 403)):
        answer = who.ask("PATCH", f"/audiences/{audience_id}/columns/{path}", json=change)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("condition", "people"),
    [
        ({"column": "waste", "op": "gt", "value": 50}, 2),
        ({"column": "waste", "op": "gte", "value": "1.261,30"}, 1),
        ({"column": "waste", "op": "eq", "value": "61.3"}, 1),
        ({"column": "waste", "op": "missing"}, 0),
        ({"column": "renewal", "op": "lt", "value": "2027-06-01"}, 1),
        ({"column": "renewal", "op": "eq", "value": "01.06.2027"}, 1),
        ({"column": "member", "op": "eq", "value": True}, 4),
        ({"column": "member", "op": "eq", "value": "no"}, 2),
        ({"column": "insight", "op": "eq", "value": "rye"}, 4),
        ({"column": "Insight", "op": "missing"}, 1),
    ],
)
def test_a_filter_compares_what_cells_say(
    api: Api, bakers: Any, condition: dict[str, Any], people: int
) -> None:
    """Of those that the mail can be written to: Cem and Dee it cannot."""
    found = items(api, drafted(api, bakers(CSV), where=[condition]))

    said = found["audience"]["message"]
    assert said.startswith(f"{people} of 8 people" if people else "Nobody")


def test_a_filter_that_compares_with_what_no_cell_is_blocks(api: Api, bakers: Any) -> None:
    where = [{"column": "waste", "op": "gt", "value": "lots"}]
    found = items(api, drafted(api, bakers(CSV), where=where))

    assert found["filter_value:waste"]["level"] == "blocks"


def test_a_column_in_other_letters_is_found_and_said(api: Api, bakers: Any) -> None:
    made = drafted(api, bakers(CSV), body="{{ insight }} [x](https://halvern.example/)")

    found = items(api, made)

    assert found["column_close:insight"]["message"] == (
        "“insight” is read from the column “Insight”."
    )
    assert found["audience"]["message"].startswith("7 of 8 people")


def test_ndjson_says_itself_what_a_value_is(api: Api, bakers: Any) -> None:
    lines = '{"email":"a@b.example","n":61.3,"yes":true,"text":"0187"}\n'

    found = columns(api, bakers(lines, "application/x-ndjson"))

    assert {name: one["type"] for name, one in found.items()} == {
        "n": "number",
        "yes": "boolean",
        "text": "text",
    }


def test_many_people_are_composed_in_the_background_and_counted_exactly(
    api: Api,
    bakers: Any,
    application: FastAPI,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rehearsal, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(rehearsal, "MOST_COMPOSED", 3)
    monkeypatch.setattr(rehearsal, "_AT_A_TIME", 2)
    monkeypatch.setattr(rehearsal, "_STEP_SECONDS", 0)
    state = application.state
    renderable = LiquidRenderable(state.settings, state.keyring)
    audience_id = bakers(CSV)
    made = drafted(api, audience_id)

    def go_on() -> int:
        duty = rehearsal.duty(database, renderable=renderable, settings=state.settings)
        return run(database, duty, NOW)

    assert "of 8 people so far" in items(api, made)["composing"]["message"]
    assert (go_on(), go_on()) == (2, 2)
    assert "4 of 8 people so far" in items(api, made)["composing"]["message"]
    while go_on():
        pass

    found = items(api, made)
    assert "composing" not in found
    assert found["audience"]["message"].startswith("6 of 8 people")
    assert "dee@b.example (line 5" in found["misfit:waste"]["message"]

    change = {"type": "text"}
    api.ask("PATCH", f"/audiences/{audience_id}/columns/waste", json=change)
    assert "composing" in items(api, made)  # what was found holds no longer


@pytest.mark.parametrize(
    "body",
    [
        "{% if wast %}a{% endif %}",
        "{% if name == wast %}a{% endif %}",
        "{% unless wast > 50 %}a{% endunless %}",
        "{% if member %}a{% elsif wast %}b{% endif %}",
        "{% case wast %}{% when 1 %}a{% endcase %}",
        "{% for one in wast %}{{ one }}{% endfor %}",
        "{% assign x = wast %}",
        "{{ name | append: wast }}",
        "{{ wast | default: 'much' }}",
    ],
)
def test_a_column_that_nobody_has_is_named_wherever_it_stands(
    api: Api, bakers: Any, body: str
) -> None:
    found = items(api, drafted(api, bakers(CSV), body=f"{body} [x](https://halvern.example/)"))

    named = [one for one in found.values() if "“wast”" in one["message"]]
    assert [one["level"] for one in named] == ["warns"]


@pytest.mark.parametrize("moment", ["now", "today"])
def test_the_moment_of_writing_is_no_column(api: Api, bakers: Any, moment: str) -> None:
    body = f"{{{{ {moment} | date: '%Y' }}}} [x](https://halvern.example/)"
    found = items(api, drafted(api, bakers(CSV), body=body))

    assert not [key for key, one in found.items() if f"“{moment}”" in one["message"]]


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("flag", True),
        ("member and flag", True),
        ("flag == 1", False),
        ("flag > 0 or member", False),
        ("flag_text", False),
    ],
)
def test_a_number_that_is_asked_for_alone_is_named(
    api: Api, bakers: Any, condition: str, named: bool
) -> None:
    lines = (
        '{"email":"a@b.example","flag":0,"member":true,"flag_text":"x"}\n'
        '{"email":"b@b.example","flag":1,"member":false,"flag_text":"y"}\n'
    )
    body = f"{{% if {condition} %}}a{{% endif %}} [x](https://halvern.example/)"
    made = drafted(api, bakers(lines, "application/x-ndjson"), body=body)

    assert ("number_alone:flag" in items(api, made)) == named
