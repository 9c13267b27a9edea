"""Alerts, dashboard and documents name meters that exist, each rule is tested, limits are ours."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.ops import gauges, late
from app.ops.gauges import Due, Look
from tests.ops.meters_read import EVERY
from tests.tools import tool

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
NAMES = {meter.name for meter in EVERY}
LABELS = {meter.name: set(meter.labels) for meter in EVERY}
_NAMED = re.compile(r"thinslice_[a-z_]+")
_CHOSEN = re.compile(r'(thinslice_[a-z_]+)\{([a-z]+)=~?"([^"]+)"')


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[str]:
    board = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
    return [one["expr"] for panel in board["panels"] for one in panel.get("targets", [])]


def meter_of(name: str) -> str:
    return re.sub("_(bucket|count|sum)$", "", name)


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in rules()), *panels()])
def test_each_expression_asks_for_meters_and_labels_that_there_are(expression: str):
    for name in _NAMED.findall(expression):
        assert meter_of(name) in NAMES
    for name, label, values in _CHOSEN.findall(expression):
        (meter,) = [meter for meter in EVERY if meter.name == meter_of(name)]
        known = meter.labels[label]
        assert known is None or set(values.split("|")) <= set(known)


def test_the_document_lists_every_meter_and_no_other():
    text = (DEPLOY / "WATCHING.md").read_text()
    listed = dict(re.findall(r"^\| `(thinslice_\w+)` \| (.*?) \|", text, re.MULTILINE))

    assert set(listed) == NAMES
    assert {name: set(re.findall(r"`(\w+)`", told)) for name, told in listed.items()} == LABELS
    assert set(_NAMED.findall(text)) == NAMES


def test_the_dashboard_shows_every_meter():
    shown = {meter_of(name) for expression in panels() for name in _NAMED.findall(expression)}

    assert shown == NAMES


@pytest.mark.parametrize(
    "what",
    [
        ("check", "rules", "alerts.yaml"),
        ("check", "config", "--syntax-only", "prometheus.yaml"),
        ("test", "rules", "alerts.test.yaml"),
    ],
)
def test_promtool_agrees(what: tuple[str, ...]):
    promtool = tool("promtool", package="prometheus")
    done = subprocess.run(
        [promtool, *what], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("expression", panels())
def test_promtool_reads_each_panel(expression: str, tmp_path: Path):
    promtool = tool("promtool", package="prometheus")
    rule = {"groups": [{"name": "g", "rules": [{"record": "x", "expr": expression}]}]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule))
    done = subprocess.run(
        [promtool, "check", "rules", tmp_path / "rules.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_says_what_to_do_and_how_urgent_it_is():
    tested = {
        re.findall('alertname="(.*?)"', one["expr"])[0]
        for test in yaml.safe_load((PROMETHEUS / "alerts.test.yaml").read_text())["tests"]
        for one in test["promql_expr_test"]
        if one["exp_samples"]
    }

    assert tested == {rule["alert"] for rule in rules()}
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_alerts_have_the_limits_of_ready_and_doctor():
    told = {rule["alert"]: rule["expr"] for rule in rules()}
    found = re.findall(r'work=~?"([a-z_|]+)"\}\) > (\d+)', told["ThinsliceWorkLate"])
    patience = {work: float(seconds) for works, seconds in found for work in works.split("|")}

    assert patience == {work.value: seconds for work, seconds in late.PATIENCE.items()}
    assert told["ThinsliceIngestLags"].endswith(f"> {late.LAG_SECONDS:.0f}")
    assert told["ThinsliceDiskFills"].endswith(f"< {late.LITTLE_DISK}")
    assert f" {late.FULL_SHARE} * " in told["ThinsliceJournalFills"]


def look(**changes: Any) -> Look:
    well: dict[str, Any] = {
        gauges.LAG.name: {(): 10.0},
        gauges.OLDEST_DUE.name: {(work,): late.PATIENCE[work] for work in Due},
        gauges.JOURNAL.name: {("hits",): 79.0},
        gauges.JOURNAL_LIMIT.name: {(): 100.0},
        gauges.DISK.name: {(): float(late.LITTLE_DISK)},
    }
    return Look(well | changes)


def test_nothing_is_late_up_to_the_limits_nor_where_nothing_is_known():
    assert late.everything(look()) == []
    assert late.everything(Look({})) == []


@pytest.mark.parametrize("work", list(Due))
def test_each_kind_of_work_that_is_late_is_named(work: Due):
    seconds = 10_000.0
    (said,) = late.everything(look(**{gauges.OLDEST_DUE.name: {(work,): seconds}}))

    assert " has been due for 2 hours: " in said
    assert said.endswith("?")


def test_what_else_is_late_is_named():
    assert late.everything(look(**{gauges.LAG.name: {(): 150.0}})) == [
        "Clicks of the last 2 minutes are not all in: an ingester lags or is away."
    ]
    assert late.everything(look(**{gauges.JOURNAL.name: {("hits",): 95.0}})) == [
        "The journal of clicks is 95 % full: ingest must catch up, or it loses clicks."
    ]
    assert late.everything(look(**{gauges.DISK.name: {(): 5e8}})) == [
        "Only 500 MB are free beside the data folder: make room."
    ]
