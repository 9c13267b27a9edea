"""Every drawing of the product: what it is called, where it stands, and its three files.

A page says of each what stands behind it (a table), and its files are made of the same: the
drawing as SVG and PNG, the table as CSV. A name that is not in `CHARTS` is no chart.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.platform.errors import NotFound
from app.platform.pictures import drawer
from app.platform.pictures.standing import standing
from app.platform.spreadsheets import escaped
from app.web.kit import formatting
from app.web.kit.pages import environment

Cells = tuple[str, ...]


class Written(StrEnum):
    """How a chart leaves."""

    SVG = "svg"
    PNG = "png"
    CSV = "csv"


_KINDS: Mapping[Written, str] = {
    Written.SVG: "image/svg+xml",
    Written.PNG: "image/png",
    Written.CSV: "text/csv; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart is drawn by: a macro, and the page that it stands on (its route)."""

    page: str
    macro: str
    template: str = "kit/chart.html"

    @property
    def files(self) -> str:
        """The route of its files."""
        return self.page.rstrip("/") + "/charts/{name}.{kind}"


_READOUT = "/experiments/{experiment_id}/readout"

# One line a chart; `hours-2` is the second of its kind on a page.
CHARTS: Mapping[str, Drawing] = {
    "result": Drawing(_READOUT, "interval", "kit/interval.html"),
    "versions": Drawing(_READOUT, "forest_plot"),
    "awaited": Drawing(_READOUT, "race"),
    "funnel": Drawing(_READOUT, "bars"),
    "people": Drawing(_READOUT, "people_drawn"),
    "hours": Drawing(_READOUT, "line"),
    "days": Drawing(_READOUT, "line"),
    "links": Drawing(_READOUT, "bars"),
    "course": Drawing("/key-results/{key_result_id}", "course", "kit/key_result_chart.html"),
    "runs": Drawing("/slices/{slice_id}", "line"),
    "weeks": Drawing("/time", "bars"),
    "teams": Drawing("/time", "bars"),
    "lights": Drawing("/time", "line"),
    "new": Drawing("/time", "line"),
    "decided": Drawing("/learnings", "bars"),
    "time": Drawing("/weeks/{week}", "bars"),
    "ranges": Drawing("/experiments", "ranges"),
    "power": Drawing(
        "/experiments/{experiment_id}/edit/{step}", "powered", "experiments/power_part.html"
    ),
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of one page: how it is drawn, and the table behind it."""

    name: str
    title: str
    caption: str
    head: Cells
    rows: tuple[Cells, ...]
    drawn: tuple[Any, ...]  # what its macro takes
    home: str = ""  # the page that it stands on
    asked: str = ""  # what else was asked of it: another part of its rows

    @property
    def drawing(self) -> Drawing:
        """By what it is drawn."""
        return CHARTS[re.sub(r"-\d+$", "", self.name)]

    def address(self, kind: str) -> str:
        """Of one of its files."""
        return f"{self.home.rstrip('/')}/charts/{self.name}.{kind}{self.asked}"

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Each kind with its address."""
        return tuple((kind.upper(), self.address(kind)) for kind in Written)


Charts = Mapping[str, Chart]


def standing_at(home: str, found: Iterable[Chart | None], *, asked: str = "") -> Charts:
    """Those that there are, by name, on the page that they stand on; `asked`: of its rows."""
    asked = f"?{asked}" if asked else ""
    return {
        chart.name: replace(chart, home=home, asked=asked) for chart in found if chart is not None
    }


def as_file(request: Request, charts: Charts, name: str, kind: str, *, of: str) -> Response:
    """One chart of a page as a file. `of` says what the page is about. Raises NotFound."""
    chart = charts.get(name)
    if chart is None or kind not in set(Written):
        raise NotFound("There is no such drawing here now. The page itself says what there is.")
    written = Written(kind)
    disposition = f'attachment; filename="{_ascii(of)}-{name}.{kind}"'
    return Response(
        _body(request, chart, written, of=of),
        media_type=_KINDS[written],
        headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
    )


def _body(request: Request, chart: Chart, written: Written, *, of: str) -> str | bytes:
    if written is Written.CSV:
        return csv_of(chart)
    drawn = svg_of(chart, request.app.state.settings.timezone, of=of)
    return drawer.png(drawn) if written is Written.PNG else drawn


def csv_of(chart: Chart) -> str:
    """The table behind it, cell by cell as it stands there."""
    out = io.StringIO()
    rows = ([escaped(cell) for cell in row] for row in (chart.head, *chart.rows))
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def svg_of(chart: Chart, zone: str, *, of: str) -> str:
    """The drawing with its title and what it shows, by itself."""
    kind = chart.drawing
    macro = getattr(environment(zone).get_template(kind.template).module, kind.macro)
    title = f"{of}: {chart.title[:1].lower()}{chart.title[1:]}" if of else chart.title
    as_of = environment(zone).filters["moment"](formatting.present())
    return standing(str(macro(*chart.drawn)), title=title, notes=[chart.caption, f"As of {as_of}."])


def _ascii(name: str) -> str:
    """What every system takes as the name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "chart"
