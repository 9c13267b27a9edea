"""The numbers that pages show, read back from their HTML, beside what the API says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from app.analysis.readout_types import State
from app.experiments.vocabulary import HOLDOUT
from tests.faults.town import Run, Town

_BREAKS = {"td", "th", "tr", "dt", "dd", "li", "p", "small", "span", "h1", "h2", "h3"}


@dataclass
class Seen(HTMLParser):
    """A page: its words, and tables by their label."""

    html: str
    words: str = ""
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    lists: dict[str, list[list[str]]] = field(default_factory=dict)  # by the class of their items
    result: str = ""  # the sentence above the readout

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[list[str]] = []  # cells that are being read
        self._rows: list[list[str]] = []
        self._is_result = False
        self._hides = 0
        self.feed(self.html)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        self._hides += tag in {"script", "style", "svg"}
        if given.get("role") == "region":
            self._rows = self.tables.setdefault(str(given.get("aria-label")), [])
        if tag == "tr":
            self._rows.append([])
        if tag in {"td", "th"} and self._rows:
            self._open = [self._rows[-1]]
            self._rows[-1].append("")
        if classes and classes[0] == "stat":
            cells: list[str] = []
            self.lists.setdefault(classes[0], []).append(cells)
            self._open = [cells]
        in_table = bool(self._open and self._rows and self._open[0] is self._rows[-1])
        if self._open and not in_table and tag in _BREAKS:
            self._open[0].append("")
        self._is_result |= "result__call" in classes
        self.words += " " if tag in _BREAKS else ""

    def handle_endtag(self, tag: str) -> None:
        self._hides -= tag in {"script", "style", "svg"}
        if tag in {"td", "th", "li", "dl", "ol"}:
            self._open = []
        if tag == "p":
            self._is_result = False
        self.words += " " if tag in _BREAKS else ""

    def handle_data(self, data: str) -> None:
        if self._hides:
            return
        self.words += data
        if self._open and self._open[0]:
            self._open[0][-1] = " ".join(f"{self._open[0][-1]} {data}".split())
        if self._is_result:
            self.result += data

    def stat(self, label: str) -> tuple[int, ...]:
        """The numbers beside a label of the figures."""
        rows = [[one for one in cells if one] for cells in self.lists.get("stat", [])]
        (found,) = [cells[1:] for cells in rows if cells[0] == label]
        return tuple(number for one in found for number in _numbers(one))

    def body(self, label: str) -> list[list[str]]:
        """The rows of a table, without its head."""
        return self.tables.get(label, [])[1:]


def _numbers(text: str) -> list[int]:
    return [int(one.replace(",", "")) for one in re.findall(r"\d[\d,]*", text)]


def page_seen(page: httpx.Client, path: str) -> Seen:
    answer = page.get(path)
    assert answer.status_code == httpx.codes.OK, (path, answer.status_code)
    return Seen(answer.text.replace("\u00a0", " "))  # as a reader sees it


def readout_agrees(page: httpx.Client, run: Run, readout: dict[str, Any]) -> None:
    """Figures, funnel, machines, versions, looks, days and links."""
    seen = page_seen(page, f"/experiments/{run.id}/readout")
    arms, estimates = readout["arms"], readout["estimates"]
    if "Nothing to read out yet." in seen.words:
        assert sum(arm["released"] for arm in arms) == 0
        return

    def total(name: str) -> int:
        """Of whoever gets a mail: a holdout stands where versions are compared."""
        return int(sum(arm[name] for arm in arms if arm["key"] != HOLDOUT))

    assert seen.result == readout["call"]["sentence"]
    assert seen.stat("People released") == (total("released"), total("enrolled"))
    assert _did(seen)[0] == total("did")
    assert _funnel(seen) == [tuple(step) for step in readout["funnel"]]
    who = [total(f"{kind}_clickers") for kind in ("human", "unknown", "machine")]
    drawn = [(n,) for n in (*who, total("released") - sum(who))] if total("released") else []
    assert _counts(seen.body("People against machines"), 1) == drawn
    assert _counts(seen.body("Where they clicked"), -3, -1) == [
        (one["clickers"], one["hits"]) for one in readout["links"]
    ]
    assert _counts(seen.body("Days after the mail"), 1) == [(n,) for _, n in readout["days"]]
    if readout["comparisons"]:
        assert [(row[0], *_counts([row], 1, 2)[0]) for row in seen.body("Each version")] == [
            (one["arm"], one["people"], one["hits"]) for one in estimates
        ]
    if len(readout["looks"]) > 1:
        assert _counts(seen.body("Looks"), 2) == [(one["people"],) for one in readout["looks"]]


def overview_agrees(
    page: httpx.Client, run: Run, readout: dict[str, Any], progress: dict[str, Any]
) -> None:
    seen = page_seen(page, f"/experiments/{run.id}")

    assert _sending(progress) in seen.words
    if any(arm["released"] for arm in readout["arms"]):
        assert seen.result == readout["call"]["sentence"]


def lists_agree(page: httpx.Client, town: Town, told: dict[str, Any]) -> None:
    """The list of experiments, this week, the audience, learnings."""
    listed = {
        row[0].split("  ")[0]: row for row in page_seen(page, "/experiments").body("Experiments")
    }
    week, learnings = page_seen(page, "/"), page_seen(page, "/learnings")
    for run in town.runs.values():
        (row,) = [cells for name, cells in listed.items() if name == run.name]
        readout, progress = told[run.id]
        _number_agrees(row[2], run, readout, progress)
        if run.status == "measuring":
            assert State(readout["call"]["state"]).word in row[3] or not readout["arms"], row
            assert run.name in week.words
            assert readout["call"]["sentence"] in week.words
        assert (run.name in learnings.words) == (run.status == "decided")
    living = [one for one in town.cells if one not in town.gone]
    audience = page_seen(page, f"/audiences/{town.audience}")
    assert f"{len(living)} people" in audience.words


def _number_agrees(cell: str, run: Run, readout: dict[str, Any], progress: dict[str, Any]) -> None:
    """What was measured, against the line; before that, of how many people."""
    said = cell.partition("against")[0].replace("−", "-")
    measured = _measured(readout)
    if found := re.search(r"(\d+) (person|people)", said):
        assert int(found[1]) == progress["enrolled"], (run, cell)
    elif found := re.search(r"[+-]?[\d,]+\.\d+", said):
        unit = 100 if re.search("%|points", said) else 1
        assert measured is not None, (run, cell)
        assert float(found[0].replace(",", "")) == pytest.approx(unit * measured, abs=0.051), run
    else:
        assert not said, (run, cell)
        assert run.status != "measuring" or measured is None, (run, cell)


def _measured(readout: dict[str, Any]) -> float | None:
    """The share; or where versions are compared, how far the one is ahead that is it most."""
    if readout["comparisons"]:
        known = [one["difference"] for one in readout["comparisons"]]
        return max((one for one in known if one is not None), default=None)
    return next((one["rate"] for one in readout["estimates"] if one["rate"] is not None), None)


def rows_agree(page: httpx.Client, api: httpx.Client, town: Town, run: Run) -> None:
    """Sends and raw events, page by page."""
    sends = town.every(api, f"/experiments/{run.id}/sends")
    hits = town.every(api, f"/experiments/{run.id}/hits")
    shown = list(_turned(page, f"/experiments/{run.id}/sends", "Sends"))
    raw = list(_turned(page, f"/experiments/{run.id}/hits", "Raw events"))

    assert len(shown) == len(sends)
    assert sum(int(row[-1]) for row in raw) == sum(hit["count"] for hit in hits)


def _turned(page: httpx.Client, path: str, table: str) -> Iterable[list[str]]:
    while path:
        answer = page.get(path)
        assert answer.status_code == httpx.codes.OK, path
        yield from Seen(answer.text).body(table)
        further = re.search(r'class="pager"><a [^>]*href="([^"]+)"', answer.text)
        path = further[1].replace("&amp;", "&") if further else ""


def _did(seen: Seen) -> tuple[int, ...]:
    rows = [[one for one in cells if one] for cells in seen.lists["stat"]]
    (label,) = [cells[0] for cells in rows if cells[0].startswith("People who ")]
    return seen.stat(label)


def _funnel(seen: Seen) -> list[tuple[str, int]]:
    (label,) = [one for one in seen.tables if one.startswith("From mail to ")]
    return [(name, _numbers(count)[0]) for name, count, *_ in seen.body(label)]


def _counts(rows: list[list[str]], *columns: int) -> list[tuple[int, ...]]:
    return [tuple(_numbers(row[at])[0] for at in columns) for row in rows]


def _sending(progress: dict[str, Any]) -> str:
    """How the bar of mails says it."""
    if not progress["enrolled"]:
        return "Nobody has been mailed."
    words = {
        "queued": "waiting", "sending": "leaving now", "failed": "failed", "bounced": "bounced",
        "uncertain": "uncertain", "skipped": "skipped", "held": "held back",
    }  # fmt: skip
    parts = [f"{progress[name]:,} {word}" for name, word in words.items() if progress[name]]
    return ", ".join([f"{progress['sent']:,} of {progress['enrolled']:,} sent", *parts]) + "."
