"""What is said of the town's key result, by the API, its page, its week and the first page."""

from datetime import timedelta
from typing import Any

import httpx

from app.experiments.models import Status
from app.platform.iso_weeks import week_of
from tests.faults import pages
from tests.faults.town import Town


def values_agree(api: httpx.Client, town: Town) -> None:
    """The last one that was put for each day counts; each that was put is remembered."""
    path = f"/key-results/{town.key_result}"
    listed = town.every(api, f"{path}/values")
    put = {one["date"]: one["value"] for one in listed if one["counts"]}

    assert put == town.values
    assert town.read(api, path)["current"] == _newest(town)


def key_result_agrees(page: httpx.Client, town: Town, told: dict[str, Any]) -> None:
    """Its page: the number, and under evidence every experiment with the sentence of its result."""
    seen = pages.page_seen(page, f"/key-results/{town.key_result}")
    rows = [" ".join(row) for row in seen.body("Evidence from experiments")]
    for run in town.launched():
        readout, _ = told[run.id]
        mine = [row for row in rows if run.name in row]

        assert mine, run
        if any(arm["released"] for arm in readout["arms"]):
            assert any(readout["call"]["sentence"] in row for row in mine), run
    if town.values:
        assert f"{_newest(town):,.0f}" in seen.words


def weeks_agree(page: httpx.Client, api: httpx.Client, town: Town) -> None:
    """This week and the one before: what the page shows is what the API says, and the model has."""
    decided = set[str]()
    for days in (0, 7):
        week = week_of((town.now - timedelta(days=days)).date())
        review, seen = town.read(api, f"/weeks/{week}"), pages.page_seen(page, f"/weeks/{week}")
        (line,) = review["key_results"]

        assert line["id"] == town.key_result
        assert line["title"] in seen.words
        assert review["sentence"] in seen.words
        assert not line["statement"] or line["statement"]["sentence"] in seen.words
        assert all(one["name"] in seen.words for one in review["decided"])
        assert all(one["sentence"] in seen.words for one in review["decided"])
        decided |= {one["experiment_id"] for one in review["decided"]}
        if days == 0:
            assert line["current"] == _newest(town)
    assert decided == {run.id for run in town.runs.values() if run.status == Status.DECIDED}


def _newest(town: Town) -> float | None:
    return town.values[max(town.values)] if town.values else None
