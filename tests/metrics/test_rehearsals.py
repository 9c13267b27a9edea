"""A rehearsal says of itself what any experiment does, marked; of anything else, nothing.

Every metric under a rule that could move a key result, driven through to its frozen readout.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.audience.models import Suppression
from app.experiments.models import Experiment, Feature, Slice
from app.okr import ledger, series
from app.okr.models import KeyResult
from app.platform import clock, config
from app.platform.db import Database
from app.review import store, weeks
from tests.api.conftest import Api
from tests.cast import A_SERVER
from tests.experiments.scenes import given_audience
from tests.metrics.scenes import START, Run, counted
from tests.metrics.test_matrix import (
    METRICS,
    Case,
    agrees,
    design,
    given_key_result,
    in_the_export,
    in_the_snapshot,
    on_the_page,
)
from tests.web.conftest import Browser

PEOPLE = 60
# One of each metric, by both kinds of rules, as a value of the number and as an addition to it.
CASES: list[tuple[Case, str]] = [
    (("clicks", "threshold", "curtailed", 1, ""), "direct"),
    (("named", "threshold", "sequential", 2, ""), "direct"),
    (("opens", "comparison", "fixed", 1, "insight"), "evidence"),
    (("conversions", "comparison", "anytime", 1, "holdout"), "contribution"),
    (("values", "comparison", "fixed", 2, "holdout"), "contribution"),
]


def given_slice(database: Database) -> str:
    with database.write() as session:
        feature = Feature(title="Waste", created_at=START)
        session.add(feature)
        session.flush()
        piece = Slice(feature_id=feature.id, title="Waste in euros", created_at=START)
        session.add(piece)
        return piece.id


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_rehearsed_is_counted_alike_and_moves_nothing(
    case: tuple[Case, str],
    api: Api,
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    moves_nothing(*case, api, browser, folder=tmp_path, patch=monkeypatch)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_keeps_it_apart_as_well(
    api: Api, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    moves_nothing(*CASES[0], api, browser, folder=tmp_path, patch=monkeypatch)


def moves_nothing(
    case: Case,
    mode: str,
    api: Api,
    browser: Browser,
    *,
    folder: Path,
    patch: pytest.MonkeyPatch,
) -> None:
    database, state = api.application.state.database, api.application.state
    state.settings = config.load(data_dir=folder, timezone="UTC", mail="outbox:")
    piece = given_slice(database)
    with database.write() as session:
        audience_id = given_audience(session, PEOPLE)
        values = case[0] == "values"
        unit = "number" if values or mode == "contribution" else "percent"
        key_result = given_key_result(session, unit)
        session.get_one(KeyResult, key_result).source = "experiment"
    document = design(case, audience_id, key_result) | {"slice_id": piece}
    document["key_results"] = [{"key_result_id": key_result, "mode": mode}]
    experiment = api.made("/experiments", document)["id"]

    assert api.made(f"/experiments/{experiment}/launch", {})["rehearsal"] is True
    run = Run(database, experiment, folder)
    metric: dict[str, Any] = METRICS[case[0]]
    for wave in range(run.waves):
        run.mail(wave)
        run.act(wave)
        if "event" in metric:
            patch.setattr(clock, "now", lambda at=run.moment(wave): at + timedelta(hours=4))
            api.made("/conversions", {"conversions": run.conversions(wave, metric["event"])})
    now = run.end()
    patch.setattr(clock, "now", lambda: now)
    readout = api.read(f"/experiments/{experiment}/readout")
    told = counted(run.people, metric)

    agrees(readout, told, is_value=values)
    in_the_export(api, experiment, told)
    on_the_page(browser, experiment, told)
    in_the_snapshot(database, experiment, readout)
    is_marked(api, browser, experiment, key_result)
    counts_nowhere(api, browser, experiment, key_result=key_result, piece=piece, now=now)


def is_marked(api: Api, browser: Browser, experiment: str, key_result: str) -> None:
    """Wherever it is told at all, it says what it is."""
    home = f"/experiments/{experiment}"
    rows = [*api.read(f"{home}/sends")["items"], *api.read(f"{home}/hits")["items"]]
    lines = api.get(f"{home}/export").text.splitlines()
    links = api.read(f"/key-results/{key_result}")["links"]
    pages = ["", "/readout", "/sends", "/hits", "/preview"]
    unmarked = [one for one in pages if "Rehearsal." not in browser.get(home + one).text]
    others = ["/experiments", "/", f"/key-results/{key_result}"]
    unmarked += [one for one in others if ">Rehearsal<" not in browser.get(one).text]

    assert unmarked == []
    assert rows
    assert all(row["rehearsal"] for row in rows)
    assert all(line.endswith(",True") for line in lines[1:])
    assert api.read(f"{home}/readout")["rehearsal"] is True
    assert api.read(home)["rehearsal"] is True
    assert [one["rehearsal"] for one in links] == [True]
    assert [(one["projected"], one["realised"], one["reason"]) for one in links] == [(None,) * 3]


def counts_nowhere(
    api: Api, browser: Browser, experiment: str, *, key_result: str, piece: str, now: datetime
) -> None:
    """No value, no line, no decision, no learning, no test of a slice, no week."""
    refused = api.post(
        f"/experiments/{experiment}/decision", {"decision": "build", "learning": "x"}
    )
    page = browser.get(f"/experiments/{experiment}/readout").text
    board = browser.get("/features/board").text
    week = api.read(f"/weeks/{weeks.week_of(START, config.load().zone)}")
    with api.application.state.database.read() as session:
        row = session.get_one(KeyResult, key_result)
        values, lines = series.daily_values(session, row), ledger.lines(session, key_result)
        status = session.get_one(Slice, piece).status
        around = store.around(session, since=START - timedelta(days=7), until=now)

    assert (refused.status_code, "is a rehearsal" in refused.text) == (409, True)
    assert f"/experiments/{experiment}/decide" not in page
    assert api.read(f"/experiments/{experiment}/readout")["key_results"] == []
    assert (list(values), list(lines), status) == ([], [], "idea")
    assert api.read("/learnings")["items"] == []
    assert (list(around.under_way), list(around.starting)) == ([], [])
    assert week["starting"] == []
    assert [one for one in week["overdue"] if one["kind"] == "decision"] == []
    assert experiment not in board


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_mail_of_a_rehearsal_keeps_anybody_from_a_real_one(
    database: Database, api: Api, tmp_path: Path
):
    with database.write() as session:
        audience_id = given_audience(session, 3)
    state = api.application.state
    made = design(CASES[0][0], audience_id, "") | {"key_results": []}
    state.settings = config.load(data_dir=tmp_path, timezone="UTC", mail="outbox:")
    first = api.made("/experiments", made)["id"]
    api.made(f"/experiments/{first}/launch", {})
    Run(database, first, tmp_path).mail(0)
    state.settings = config.load(data_dir=tmp_path, timezone="UTC", mail=A_SERVER)
    away = {"exclude": {"cooling_off_days": 30, "experiment_ids": [first]}}
    second = api.made("/experiments", made | away)["id"]
    launched = api.made(f"/experiments/{second}/launch", {})
    run = Run(database, second, tmp_path / "second")
    with database.read() as session:
        suppressed = session.exec(select(Suppression)).all()
        kept = session.get_one(Experiment, first)

    assert launched["rehearsal"] is False
    assert len(run.people) == 3
    assert suppressed == []
    assert kept.rehearsal
