"""Every chart of the product as SVG, PNG and CSV: its files say what its page and the API say."""

import csv
import io
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from html import unescape
from itertools import compress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import func, select

from app.experiments.models import Experiment
from app.identity.access import Access, access_of, is_export
from app.identity.models import AuditRow
from app.ops.installation import open_house
from app.platform import clock, config, figures
from app.platform.pictures.standing import standing
from app.stats.rate_intervals import clopper_pearson
from app.web.kit.charts import CHARTS, Written
from app.web.kit.formatting import BADGES
from tests import alone, postgres
from tests.bench import estate
from tests.bench.estate import Size
from tests.bench.pages import key_of
from tests.conftest import KINDS
from tests.whole import inside_of

_LINK = re.compile(r'href="([^"]*/charts/([a-z]+(?:-\d+)?)\.(svg|png|csv)[^"]*)"')
_DECIDED, _RUNNING, _KEY_RESULT = ("e000000", "e000001", "e000002"), "e000009", "k0001"
_DRAFT, _WEEK = "e000012", "2026-W47"
_MISSING = (f"/experiments/{_RUNNING}/readout/charts/versions.svg", "/time/charts/weeks.gif")
Rows = list[list[str]]


@dataclass
class Walked:
    """What stands on the pages: tables by title, files by address."""

    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, httpx.Response] = field(default_factory=dict)
    api: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    noted: int = 0

    def csv(self, home: str, name: str) -> Rows:
        return list(csv.reader(io.StringIO(self.files[f"{home}/charts/{name}.csv"].text)))


async def _walk(application: FastAPI, headers: Mapping[str, str], pages: Sequence[str],
                asked: Sequence[str]) -> Walked:  # fmt: skip
    found = Walked()
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://one.example", headers=headers
    ) as client:
        for page in pages:
            answer = await client.get(page)
            assert answer.status_code == 200, f"{page}: {answer.text[:300]}"
            found.pages[page] = answer.text
            for address, _, _ in _LINK.findall(answer.text):
                found.files[unescape(address)] = await client.get(unescape(address))
        for path in _MISSING:
            found.missing[path] = (await client.get(path)).status_code
        for path in asked:
            found.api[path] = (await client.get(f"/api/v1{path}")).json()
    return found


def _tables(page: str) -> list[Rows]:
    """Every table's cells, as a reader sees them; what stands below a cell in small is not one."""
    plain = re.sub(r'<span class="table__sub">.*?</span>', "", page, flags=re.DOTALL)
    return [
        [
            [_said(cell) for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table\b.*?</table>", plain, re.DOTALL)
    ]


def _said(cell: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", cell)).replace("\xa0", " ").split())


def _plain(rows: Rows) -> Rows:
    """Cells as a spreadsheet shows them: without the mark before what it would run."""
    return [
        [re.sub(r"^'(?=[+=@-])", "", cell).replace("\xa0", " ") for cell in row] for row in rows
    ]


def _pictureless(table: Rows) -> Rows:
    """Without the columns that are drawn, and the one with buttons."""
    others = {"Time", "Decided", "Seen by"}
    return [list(compress(row, [name not in others for name in table[0]])) for row in table]


@pytest.fixture(scope="module", params=KINDS)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An estate of three of everything: both kinds of rules, and one slice with several runs."""
    folder, kind = tmp_path_factory.mktemp("charts"), request.param
    if kind == "sqlite":
        copy = folder / "test.db"
        copy.write_bytes(postgres.migrated_sqlite())
        yield _walked(f"sqlite:///{copy}", folder)
        return
    with request.getfixturevalue("postgres_server").fresh() as url:
        yield _walked(url, folder)


def _walked(url: str, folder: Path) -> Walked:
    house = open_house(
        config.load(data_dir=folder / "data", database_url=url, public_url="http://one.example")
    )
    size = replace(Size.of(3), people=2_010)
    estate.fill(house.database, size, now=clock.now())
    with house.database.write() as session:
        for number in range(size.decided):
            session.get_one(Experiment, estate.experiment_id(number)).slice_id = "s000000"
    application, headers = inside_of(house), key_of(house)
    pages = [f"/experiments/{one}/readout" for one in (*_DECIDED, _RUNNING)]
    pages += [f"/key-results/{_KEY_RESULT}", "/slices/s000000", "/learnings", "/time"]
    pages += ["/experiments", f"/experiments/{_DRAFT}/edit/count", f"/weeks/{_WEEK}"]
    asked = [f"/experiments/{one}/readout" for one in (*_DECIDED, _RUNNING)]
    asked += [f"/allocation/weeks/{_WEEK}"]
    asked += [f"/key-results/{_KEY_RESULT}/values?limit=100", "/throughput", "/allocation/buckets"]
    found = alone.run(_walk(application, headers, pages, asked))
    weeks = [row[0] for row in found.csv("/time", "weeks")[1:]]
    more = alone.run(_walk(application, headers, [], [f"/allocation/weeks/{w}" for w in weeks]))
    found.api |= more.api
    with house.database.read() as session:
        found.noted = session.exec(select(func.count()).select_from(AuditRow)).one()
    house.database.close()
    return found


def _homes(walked: Walked, name: str) -> list[str]:
    """The pages that a chart stands on."""
    return [
        page
        for page, text in walked.pages.items()
        if name in {re.sub(r"-\d+$", "", found) for _, found, _ in _LINK.findall(text)}
    ]


def _files(walked: Walked, name: str, kind: str) -> list[tuple[str, httpx.Response]]:
    ending = re.compile(rf"/charts/{name}(-\d+)?\.{kind}$")
    return [(path, answer) for path, answer in walked.files.items() if ending.search(path)]


@pytest.mark.parametrize("kind", list(Written))
@pytest.mark.parametrize("name", list(CHARTS))
def test_every_chart_leaves_as_every_kind(walked: Walked, name: str, kind: Written):
    found = _files(walked, name, kind)

    assert found, f"no page of the estate offers {name}.{kind}"
    for path, answer in found:
        assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
        assert answer.headers["Content-Type"] == _TYPES[kind]
        assert f"{name}" in answer.headers["Content-Disposition"]
        _LOOKS[kind](answer)


def _svg(answer: httpx.Response) -> None:
    root = ET.fromstring(answer.content)
    every = list(root.iter())
    attributes = [text for one in every for text in one.attrib.values()]

    assert {one.tag.rpartition("}")[2] for one in every} <= {
        "svg", "rect", "line", "polyline", "polygon", "circle", "path", "text",
    }  # fmt: skip
    assert not {name for one in every for name in one.attrib} & {"class", "style", "href"}
    assert not [text for text in attributes if "var(" in text or "light-dark" in text]
    assert [one for one in every if one.tag.endswith(("line", "polyline", "path", "rect"))]
    for one in every[2:]:
        if one.tag.endswith(("line", "polyline")):
            assert one.get("stroke"), ET.tostring(one)
        if one.tag.endswith(("text", "circle", "polygon", "rect")):
            assert one.get("fill"), ET.tostring(one)
    height = float(root.attrib["height"])
    assert all(0 <= float(one.get("y", "0")) <= height for one in every[2:])


def _png(answer: httpx.Response) -> None:
    wide, high = struct.unpack(">II", answer.content[16:24])

    assert answer.content.startswith(b"\x89PNG\r\n")
    assert (wide, high > 200) == (1536, True)


def _csv(answer: httpx.Response) -> None:
    rows = list(csv.reader(io.StringIO(answer.text)))

    assert [{len(row) for row in rows}, len(rows) > 1] == [{len(rows[0])}, True]


_TYPES = {
    "svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8",
}  # fmt: skip
_LOOKS = {"svg": _svg, "png": _png, "csv": _csv}


@pytest.mark.parametrize("name", list(CHARTS))
def test_the_file_is_the_table_behind_the_chart(walked: Walked, name: str):
    for path, answer in _files(walked, name, "csv"):
        page = walked.pages[path.rpartition("/charts/")[0]]
        rows = _plain(list(csv.reader(io.StringIO(answer.text))))

        assert rows in [_pictureless(table) for table in _tables(page)], f"{path}: {rows}"


@pytest.mark.parametrize("name", list(CHARTS))
def test_the_file_says_what_the_api_says(walked: Walked, name: str):
    for home in _homes(walked, name):
        told = _API[name](walked, home)

        for number, expected in told.items():
            assert _plain(walked.csv(home, number))[1:] == expected, f"{home}: {number}"


def _readout(walked: Walked, home: str) -> Any:
    return walked.api[home]


def _by_readout(make: Callable[[Any], Rows]) -> Callable[[Walked, str], dict[str, Rows]]:
    def told(walked: Walked, home: str) -> dict[str, Rows]:
        return {make.__name__.strip("_"): make(_readout(walked, home))}

    return told


def _result(told: Any) -> Rows:
    [one] = told["estimates"]
    named = (("Measured", one["rate"]), ("From", one["low"]), ("To", one["high"]))
    return [
        *([label, figures.share(rate)] for label, rate in named),
        ["Your line", figures.limit(told["rule"]["threshold"])],
        ["People", figures.count(one["people"])],
    ]


def _versions(told: Any) -> Rows:
    return [
        [
            row["arm"],
            _or_dash(row["difference"], figures.points),
            _range(row["low"], row["high"], figures.points),
            _relative(row),
            _or_dash(row["p_value"], figures.p_value),
            _or_dash(row["chance_to_beat"], figures.chance),
            BADGES[row["state"]][0],
        ]
        for row in told["comparisons"]
    ]


def _or_dash(number: float | None, say: Callable[[float], str]) -> str:
    return "–" if number is None else say(number)


def _range(low: float | None, high: float | None, say: Callable[[float], str]) -> str:
    return "–" if low is None or high is None else f"{say(low)} to {say(high)}"


def _relative(row: Any) -> str:
    if row["relative"] is None or row["relative_low"] is None:
        return _or_dash(row["relative"], figures.relative)
    said, low = figures.relative(row["relative"]), figures.relative(row["relative_low"])
    if row["relative_high"] is None:
        return f"{said} (at least {low})"
    return f"{said} ({low} to {figures.relative(row['relative_high'])})"


def _awaited(told: Any) -> Rows:
    arms = told["arms"]
    needed = told["call"]["pass_count"]
    rows = [
        ["Clicked", sum(arm["did"] for arm in arms)],
        *([["Needed", needed]] if needed is not None else []),
        ["Enrolled", sum(arm["enrolled"] for arm in arms)],
        ["Machines, never counted", sum(arm["machine_clickers"] for arm in arms)],
    ]
    return [[label, figures.count(number)] for label, number in rows]


def _funnel(told: Any) -> Rows:
    released = told["funnel"][1][1]
    return [
        [label, figures.count(count), figures.share(count / released) if place > 1 else ""]
        for place, (label, count) in enumerate(told["funnel"])
    ]


def _people(told: Any) -> Rows:
    released = sum(arm["released"] for arm in told["arms"])
    kinds = ("human", "unknown", "machine")
    counts = [sum(arm[f"{kind}_clickers"] for arm in told["arms"]) for kind in kinds]
    names = ("People", "Not sure: not counted", "Machines only: never counted", "No click yet")
    return [
        [label, figures.count(count), figures.share(count / released)]
        for label, count in zip(names, [*counts, released - sum(counts)], strict=True)
    ]


def _hours(walked: Walked, home: str) -> dict[str, Rows]:
    told = _readout(walked, home)
    is_share = told["rule"]["kind"] == "threshold"
    say = figures.share if is_share else figures.points
    drawn = {}
    for number, course in enumerate(told["timelines"], 1):
        name = "hours" if is_share else f"hours-{number}"
        if len(course["points"]) > 1:
            drawn[name] = [
                [_moment(point["at"]), say(point["estimate"]),
                 _range(point["low"], point["high"], say)]
                for point in course["points"]
            ]  # fmt: skip
    return drawn


def _moment(written: str) -> str:
    at = datetime.fromisoformat(written)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"


def _days(told: Any) -> Rows:
    released, so_far, rows = sum(arm["released"] for arm in told["arms"]), 0, []
    for day, people in told["days"]:
        so_far += people
        interval = clopper_pearson(so_far, released, confidence=told["rule"]["confidence"])
        name = "The same day" if day == 0 else f"{figures.plural(day, 'day')} later"
        rows.append([name, figures.count(people), figures.count(so_far),
                     figures.share(so_far / released),
                     _range(interval.low, interval.high, figures.share)])  # fmt: skip
    return rows


def _links(told: Any) -> Rows:
    released = {arm["key"]: arm["released"] for arm in told["arms"]}
    order = list(released)
    return [
        [row["label"], *([row["arm"]] if told["comparisons"] else []),
         "Our answer page" if row["kind"] == "answer" else row["address"],
         figures.count(row["clickers"]), figures.share(row["clickers"] / released[row["arm"]]),
         figures.count(row["hits"])]
        for row in sorted(told["links"], key=lambda row: order.index(row["arm"]))
    ]  # fmt: skip


def _course(walked: Walked, home: str) -> dict[str, Rows]:
    items = walked.api[f"{home}/values?limit=100"]["items"]
    days = [(date.fromisoformat(one["date"]), one) for one in items]
    later = {True: ", entered later: 25 Nov 2026", False: ""}
    rows = [
        [f"{day:%a} {day.day} {day:%b %Y}", figures.count(one["value"]), str(one["confidence"]),
         one["comment"], f"{one['source']} · {one['recorded_by']}{later[one['entered_later']]}"]
        for day, one in reversed(days)
    ]  # fmt: skip
    return {"course": rows}


def _runs(walked: Walked, _home: str) -> dict[str, Rows]:
    rows = []
    for one in sorted(_DECIDED):
        told = walked.api[f"/experiments/{one}/readout"]
        first = next(row for row in told["estimates"] if row["rate"] is not None)
        rate = f"{figures.share(first['rate'])}"
        reach = _range(first["low"], first["high"], figures.share)
        rows.append([f"{rate} ({reach})", figures.count(first["people"])])
    said = walked.csv("/slices/s000000", "runs")
    return {"runs": [[*line[:2], *row] for line, row in zip(said[1:], rows, strict=True)]}


def _time(walked: Walked, _home: str) -> dict[str, Rows]:
    """All four: weeks, teams, and the two lines."""
    buckets = walked.api["/allocation/buckets"]["items"]
    new, existing = [one["id"] for one in buckets if one["elective"]][:2]
    weeks = [walked.api[f"/allocation/weeks/{row[0]}"] for row in walked.csv("/time", "weeks")[1:]]
    shares = [week["everybody"] for week in weeks]
    lights = [figures.share(one["non_elective"], 0) for one in shares]
    first = [figures.share(one["of_elective"].get(new, 0.0), 0) for one in shares]
    second = [figures.share(one["of_elective"].get(existing, 0.0), 0) for one in shares]
    names = [week["week"] for week in weeks]
    notes = [row[3] for row in walked.csv("/time", "weeks")[1:]]
    return {
        "weeks": [list(row) for row in zip(names, lights, first, notes, strict=True)],
        "lights": [list(row) for row in zip(names, lights, strict=True)][::-1],
        "new": [list(row) for row in zip(names, first, second, strict=True)][::-1],
        "teams": [
            [row[0], figures.share(team["non_elective"], 0),
             figures.share(team["of_elective"].get(new, 0.0), 0)]
            for row, team in zip(
                walked.csv("/time", "teams")[1:], _teams(weeks[0]), strict=True
            )
        ],
    }  # fmt: skip


def _teams(week: Any) -> list[Any]:
    return [split for _, split in sorted(week["teams"].items())]


def _decided(walked: Walked, _home: str) -> dict[str, Rows]:
    weeks = walked.api["/throughput"]["weeks"][::-1]
    kinds = ("week", "build", "iterate", "stop")
    return {"decided": [[str(week[kind]) for kind in kinds] for week in weeks]}


def _time_of_week(walked: Walked, _home: str) -> dict[str, Rows]:
    week = walked.api[f"/allocation/weeks/{_WEEK}"]
    rows = []
    for bucket in week["buckets"]:
        shares = week["everybody"]["of_elective" if bucket["elective"] else "of_all"]
        rows.append([
            bucket["name"],
            figures.share(shares.get(bucket["id"], 0.0), 0),
            _or_dash(bucket["target"], lambda share: figures.share(share, 0)),
            "of elective time" if bucket["elective"] else "of all time",
        ])  # fmt: skip
    return {"time": rows}


def _ranges(walked: Walked, _home: str) -> dict[str, Rows]:
    """Of the experiments whose readouts were asked for; the list has more."""
    said = walked.csv("/experiments", "ranges")[1:]
    for one in (_DECIDED[0], _RUNNING):
        told = walked.api[f"/experiments/{one}/readout"]
        estimate, line = told["estimates"][0], told["rule"]["threshold"]
        name = f"Waste in euros {int(one[1:])}"
        reach = _range(estimate["low"], estimate["high"], figures.share)
        row = [name, figures.share(estimate["rate"]), reach, figures.limit(line)]
        assert row in said
    return {"ranges": said}


def _power(walked: Walked, home: str) -> dict[str, Rows]:
    """The plan's own words stand in the row of as many people as there are."""
    said = walked.csv(home, "power")[1:]
    assert [row[0] for row in said if row[0].endswith("(as it is now)")]
    return {"power": said}


_API: Mapping[str, Callable[[Walked, str], dict[str, Rows]]] = {
    "result": _by_readout(_result),
    "versions": _by_readout(_versions),
    "awaited": _by_readout(_awaited),
    "funnel": _by_readout(_funnel),
    "people": _by_readout(_people),
    "hours": _hours,
    "days": _by_readout(_days),
    "links": _by_readout(_links),
    "course": _course,
    "runs": _runs,
    "weeks": _time,
    "teams": _time,
    "lights": _time,
    "new": _time,
    "decided": _decided,
    "time": _time_of_week,
    "ranges": _ranges,
    "power": _power,
}


@pytest.mark.parametrize("route", sorted({drawing.files for drawing in CHARTS.values()}))
def test_whoever_may_see_the_page_may_take_its_charts(route: str):
    page = next(one.page for one in CHARTS.values() if one.files == route)

    assert access_of("GET", route) is access_of("GET", page) is Access.VIEWER
    assert is_export(route), "who took it stands in the audit"


def test_each_file_that_was_taken_is_noted_once(walked: Walked):
    assert walked.noted == len(walked.files)


def test_a_chart_that_is_not_there_is_not_found(walked: Walked):
    assert walked.missing == dict.fromkeys(_MISSING, 404)


def test_a_sign_that_no_file_can_hold_is_left_out_of_title_and_notes():
    signs = "".join(map(chr, [*range(0x20), 0x7F, 0xD800, 0xFFFE, 0xFFFF, 0x1F600]))
    drawn = '<figure class="chart"><svg height="10"><text x="0" y="5">x</text></svg></figure>'

    file = ET.fromstring(standing(drawn, title=f"a{signs}b", notes=[f"c{signs}d"]))

    said = "".join(file.itertext())
    assert said.startswith("a")
    assert said.endswith("d")
    assert "\U0001f600" in said
    assert not set("\x01\x1f\ud800\ufffe\uffff") & set(said)
