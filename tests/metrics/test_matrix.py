"""Every metric under every rule: what is said anywhere is what the people did."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from app.analysis import store as analysis
from app.analysis.models import Kind
from app.okr import series
from app.okr.models import Cycle, KeyResult, Objective
from app.platform import clock
from app.platform.db import Database
from tests.api.conftest import Api
from tests.experiments.scenes import CARD, given_audience
from tests.metrics.scenes import BODY, START, Run, Told, counted
from tests.web.conftest import Browser
from tests.web.test_journey import id_in

PEOPLE = 120
METRICS: dict[str, dict[str, Any]] = {
    "clicks": {"kind": "click_rate"},
    "named": {"kind": "click_rate", "link": "policies"},
    "opens": {"kind": "open_rate"},
    "answers": {"kind": "reply_rate"},
    "conversions": {"kind": "conversion_rate", "event": "bought"},
    "values": {"kind": "value_per_person", "event": "bought"},
}
REPORTED = {"conversions", "values"}
THRESHOLDS = {"clicks", "named", "answers", "conversions"}
# (method, waves): looks need waves.
READ = {
    "threshold": [("curtailed", 1), ("curtailed", 2), ("sequential", 2), ("anytime", 1)],
    "comparison": [("fixed", 1), ("fixed", 2), ("sequential", 2), ("anytime", 1)],
}
# Verbs of each metric; a sentence about another metric would hold one of them.
VERBS = {
    "clicks": r"\bclick",
    "named": r"\bclick",
    "opens": r"\bopen(?:ed|s)? it\b",
    "answers": r"\b(?:wrote|writes?) back\b|\banswers?\b(?! by| comes by)",
    "conversions": r"\bconver(?:t|sion)",
    "values": r"\bvalue|per person",
}
Case = tuple[str, str, str, int, str]  # metric, rule, method, waves, baseline


def cases() -> Iterator[Case]:
    for metric, kind in product(METRICS, READ):
        for method, waves in READ[kind]:
            if kind == "threshold" and metric in THRESHOLDS:
                yield metric, kind, method, waves, ""
            if kind == "comparison":
                yield metric, kind, method, waves, "insight"
                if metric in REPORTED:
                    yield metric, kind, method, waves, "holdout"


ON_POSTGRESQL = {
    ("named", "threshold", "curtailed", 2, ""),
    ("conversions", "threshold", "sequential", 2, ""),
    ("opens", "comparison", "anytime", 1, "insight"),
    ("answers", "comparison", "sequential", 2, "insight"),
    ("values", "comparison", "fixed", 2, "holdout"),
}
EVERY = [("sqlite", case) for case in cases()] + [
    ("postgresql", one) for one in cases() if one in ON_POSTGRESQL
]


def named(one: Any) -> str:
    return one if isinstance(one, str) else " ".join(map(str, one)).strip()


def given_key_result(session: Session, unit: str) -> str:
    cycle = Cycle(
        name="Q4", starts=START.date() - timedelta(days=30), ends=START.date() + timedelta(days=90)
    )
    session.add(cycle)
    session.flush()
    objective = Objective(title="They buy", cycle_id=cycle.id, created_at=START)
    session.add(objective)
    session.flush()
    row = KeyResult(
        objective_id=objective.id, title="Buyers a week", kind="increase", unit=unit, start=0,
        target=90, source="experiment", created_at=START,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def design(case: Case, audience_id: str, key_result_id: str) -> dict[str, Any]:
    metric, kind, method, waves, baseline = case
    rule: dict[str, Any] = {"kind": kind, "method": method}
    if kind == "threshold":
        rule["threshold"] = 0.1
    else:
        rule |= {"baseline": baseline, "mde": 1.5 if metric == "values" else 0.05}
    if method == "sequential":
        rule["looks"] = waves
    arms = [{"key": "insight", "subject": "Hello", "body": BODY}]
    if baseline == "insight":
        arms.append({"key": "loss", "subject": "Hello", "body": BODY})
    hours = [{"share": 1 / waves, "after_hours": 24 * place} for place in range(waves)]
    return {
        "name": "A metric",
        "audience_id": audience_id,
        "hypothesis": CARD,
        "arms": arms,
        "holdout": 0.5 if baseline == "holdout" else 0,
        "metric": METRICS[metric],
        "rule": rule,
        "waves": hours if waves > 1 else [],
        "key_results": [{"key_result_id": key_result_id, "mode": "direct"}],
    }


@pytest.mark.parametrize(("database_url", "case"), EVERY, indirect=["database_url"], ids=named)
def test_what_is_said_anywhere_is_what_the_people_did(
    case: Case,
    api: Api,
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    database = api.application.state.database
    metric = METRICS[case[0]]
    with database.write() as session:
        audience_id = given_audience(session, PEOPLE)
        unit = "number" if case[0] == "values" else "percent"
        key_result_id = given_key_result(session, unit)
    experiment = api.made("/experiments", design(case, audience_id, key_result_id))["id"]
    said = list(before(api, browser, experiment))
    api.made(f"/experiments/{experiment}/launch", {})
    run = Run(database, experiment, tmp_path)
    for wave in range(run.waves):
        run.mail(wave)
        run.act(wave)
        run.write(wave)
        if "event" in metric:
            monkeypatch.setattr(clock, "now", lambda at=run.moment(wave): at + timedelta(hours=4))
            reported = run.conversions(wave, metric["event"])
            api.made("/conversions", {"conversions": reported})
        said += sentences(api.read(f"/experiments/{experiment}/readout"))
    now = run.end()
    monkeypatch.setattr(clock, "now", lambda: now)
    readout = api.read(f"/experiments/{experiment}/readout")
    told = counted(run.people, metric)

    agrees(readout, told, is_value=case[0] == "values")
    in_the_export(api, experiment, told)
    on_the_page(browser, experiment, told)
    in_the_snapshot(database, experiment, readout)
    in_the_key_result(database, key_result_id, told, is_value=case[0] == "values")
    names_only(case[0], [*said, *sentences(readout)])


def before(api: Api, browser: Browser, experiment: str) -> Iterator[str]:
    """The plan and the checklist, by API and on the page."""
    plan = api.read(f"/experiments/{experiment}/plan")["sentence"]
    power = [
        one["message"]
        for one in api.read(f"/experiments/{experiment}/checklist")["items"]
        if one["id"] == "power"
    ]
    page = browser.get(f"/experiments/{experiment}").text

    assert power
    assert plan in power[0]
    assert plan.split(";")[0].replace("“", "").split(" in ")[0] in page.replace("“", "")
    yield from (plan, *power)


def sentences(readout: dict[str, Any]) -> list[str]:
    """Everything that a readout says of its metric in words."""
    call = readout["call"]
    steps = [label for label, _ in readout["funnel"]][3:]
    own = [steps[-1]] if steps else []
    facts = [one for one in call["because"] if "guardrail" not in one]
    found = [call["sentence"], *facts, *readout["why_not_yet"], readout["headline"], *own]
    return found + [one["assumption"] or "" for one in readout["key_results"]]


def agrees(readout: dict[str, Any], told: Told, *, is_value: bool) -> None:
    arms = {one["key"]: one for one in readout["arms"]}
    estimates = {one["arm"]: one for one in readout["estimates"]}

    assert {key: arm["did"] for key, arm in arms.items()} == dict(told.did)
    assert {key: arm["released"] for key, arm in arms.items()} == dict(told.people)
    assert {key: one["hits"] for key, one in estimates.items()} == dict(told.did)
    assert {key: one["people"] for key, one in estimates.items()} == dict(told.people)
    for key, one in estimates.items():
        of_whom = told.people[key]
        wanted = told.value[key] / of_whom if is_value else told.did[key] / of_whom
        assert one["rate"] == pytest.approx(wanted)
        assert one["low"] <= one["rate"] <= one["high"]
    if len(arms) == 1:
        assert f"{told.did['insight']} of {told.people['insight']}" in readout["call"]["sentence"]
    for row in readout["comparisons"]:
        if row["difference"] is not None and not is_value:
            rates = [told.did[row[side]] / told.people[row[side]] for side in ("arm", "baseline")]
            assert row["difference"] == pytest.approx(rates[0] - rates[1])
    assert readout["funnel"][-1][1] == of_mailed(told)


def of_mailed(told: Told) -> int:
    """What a page says beside mails is of whoever got one."""
    return sum(did for key, did in told.did.items() if key != "holdout")


def in_the_export(api: Api, experiment: str, told: Told) -> None:
    lines = list(csv.DictReader(io.StringIO(api.get(f"/experiments/{experiment}/export").text)))
    text = api.get(f"/experiments/{experiment}/export", format="ndjson").text
    rows = [json.loads(line) for line in text.splitlines()]

    for key, people in told.people.items():
        mine = [row for row in rows if row["arm"] == key]
        assert len(mine) == people == sum(line["arm"] == key for line in lines)
        assert sum(row["did_at"] is not None for row in mine) == told.did[key]
        assert sum(row["arm"] == key and bool(row["did_at"]) for row in lines) == told.did[key]


def on_the_page(browser: Browser, experiment: str, told: Told) -> None:
    page = re.sub(r"<[^>]+>", " ", browser.get(f"/experiments/{experiment}/readout").text)
    words = " ".join(page.split())

    assert f" {of_mailed(told)} " in words
    assert "nan" not in words.lower().split()
    for key in told.people if len(told.people) > 1 else ():
        assert re.search(rf"{key} {told.people[key]} {told.did[key]} ", words)


def in_the_snapshot(database: Database, experiment: str, readout: dict[str, Any]) -> None:
    with database.read() as session:
        final = analysis.snapshot_of(session, experiment, Kind.FINAL)

    assert final is not None
    assert final.call == readout["call"]["state"]
    assert final.hits == sum(one["hits"] for one in readout["estimates"])
    assert final.body["arms"] == readout["arms"]


def in_the_key_result(database: Database, row: str, told: Told, *, is_value: bool) -> None:
    """A run that measures one version writes its value: a percentage, or an amount a person."""
    key = "loss" if "loss" in told.people else "insight"
    sums = told.value if is_value else told.did
    with database.read() as session:
        values = [
            one.value for one in series.daily_values(session, session.get_one(KeyResult, row))
        ]

    assert values == [pytest.approx((1 if is_value else 100) * sums[key] / told.people[key])]


def names_only(metric: str, said: list[str]) -> None:
    """No sentence names another metric, and one at least names this."""
    mine = VERBS[metric]
    others = {verb for verb in VERBS.values() if verb != mine}
    if metric == "values":
        others -= {VERBS["conversions"]}
    wrong = [(verb, one) for one in said for verb in others if re.search(verb, one, re.IGNORECASE)]

    assert wrong == []
    assert any(re.search(mine, one, re.IGNORECASE) for one in said)
    if metric == "named":
        assert any("“policies”" in one for one in said)


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("rule.kind", {"metric": METRICS["values"]}),
    ("rule.kind", {"metric": METRICS["opens"]}),
    ("rule.kind", {"holdout": 0.2}),
    ("metric.link", {"metric": METRICS["conversions"] | {"link": "policies"}}),
    ("metric.link", {"metric": METRICS["opens"] | {"link": "policies"}}),
    ("metric.event", {"metric": METRICS["clicks"] | {"event": "bought"}}),
    ("metric.link", {"metric": METRICS["answers"] | {"link": "policies"}}),
    ("metric.cap", {"metric": METRICS["conversions"] | {"cap": 5}}),
    ("metric.covariate", {"metric": METRICS["clicks"] | {"covariate": "euros"}}),
    ("rule.method", {"rule": {"kind": "threshold", "threshold": 0.1, "method": "fixed"}}),
    ("rule.looks", {"rule": {"kind": "threshold", "threshold": 0.1, "looks": 2}}),
    ("rule.looks", {"rule": {"kind": "threshold", "threshold": 0.1, "method": "sequential"}}),
    (
        "rule.looks",
        {"rule": {"kind": "threshold", "threshold": 0.1, "method": "sequential", "looks": 2}},
    ),
]
AGAINST = {"kind": "comparison", "mde": 0.02}
TWO = [{"key": key, "subject": "Hello", "body": BODY} for key in ("insight", "loss")]
REFUSED += [
    ("rule.kind", {"arms": TWO}),
    ("rule.kind", {"rule": AGAINST | {"baseline": "insight"}}),
    ("rule.method", {"arms": TWO, "rule": AGAINST | {"baseline": "loss", "method": "curtailed"}}),
    ("rule.baseline", {"arms": TWO, "rule": AGAINST | {"baseline": "gain"}}),
    ("rule.mde", {"arms": TWO, "rule": AGAINST | {"baseline": "loss", "mde": 2}}),
    ("rule.base_rate", {"rule": {"kind": "threshold", "threshold": 0.1, "base_rate": 0.1}}),
    *(
        ("rule.base_rate", {"arms": TWO, "rule": AGAINST | {"baseline": "loss", "base_rate": rate}})
        for rate in (-0.1, 0, 1, 5)
    ),
    (
        "rule.base_rate",
        {
            "metric": METRICS["values"], "arms": TWO,
            "rule": AGAINST | {"baseline": "loss", "base_rate": 0.1},
        },
    ),
    *(
        (
            "rule.baseline",
            {"metric": METRICS[one], "holdout": 0.5, "rule": AGAINST | {"baseline": "holdout"}},
        )
        for one in ("clicks", "named", "opens", "answers")
    ),
]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_allowed_is_refused_in_its_field(database: Database, api: Api):
    with database.write() as session:
        audience_id = given_audience(session, 3)
    base = design(("clicks", "threshold", "curtailed", 1, ""), audience_id, "none")
    wrong = []
    for field, change in REFUSED:
        answer = api.post("/experiments", base | {"key_results": []} | change)
        fields = {one["field"] for one in answer.json().get("errors", ())}
        if answer.status_code != 422 or field not in fields:
            wrong.append((field, change, answer.status_code, fields))

    assert wrong == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_form_shows_it_beside_the_field(browser: Browser):
    typed = {
        "name": "A metric", "subject": "Hello", "body": BODY, "metric_kind": "open_rate",
        "rule_kind": "threshold", "threshold": "8",
    }  # fmt: skip
    made = id_in(browser.post("/experiments", **typed), "experiments")
    answer = browser.get(f"/experiments/{made}/edit/count")

    assert "A rule about opens has no threshold; compare versions." in answer.text
