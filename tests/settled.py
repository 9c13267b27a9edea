"""An organisation with one of everything, made through the API: what addresses can name."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from typing import Any

from app.platform import clock
from app.platform.iso_weeks import week_of
from tests.cast import DESIGN
from tests.delivery.images_drawn import png
from tests.duties import read_imports
from tests.whole import Whole, of_json

CSV = b"email,name,euros\nseen.nowhere@b.example,Ann,61\nbo@b.example,Bo,lots\nnobody,Cem,5\n"


class Settled:
    """Makes one of everything, and knows their ids by the names that routes give them."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self.ids: dict[str, str] = {}
        self.bodies: dict[tuple[str, str], Any] = {}  # what was sent to each route, and taken
        self._outcomes()
        self._experiment()
        self._rest()

    def _made(self, path: str, body: Any, *, method: str = "POST", named: str = "") -> Any:
        key = self._whole.systems["admin"]
        asked = self._whole.ask(method, f"/api/v1{path}", key, body=of_json(body))
        (said,) = self._whole.every(asked)
        assert said.status < 300, (path, said.text)
        read = said.json() if said.body else {}
        self.bodies[method, path] = body
        if named:
            self.ids[named] = str(read["id"])
        return read

    def _outcomes(self) -> None:
        today = clock.now().date()
        self.ids |= {"date": today.isoformat(), "week": week_of(today), "topic": "mail"}
        quarter = {"starts": today.replace(day=1).isoformat(), "ends": f"{today.year + 1}-03-31"}
        cycle = self._made("/cycles", {"name": "Q4", **quarter}, named="cycle_id")
        team = self._made("/teams", {"name": "Growth"}, named="team_id")
        objective = self._made(
            "/objectives",
            {"title": "Bakers waste less", "cycle_id": cycle["id"], "team_ids": [team["id"]]},
            named="objective_id",
        )
        number = {"title": "Weekly active bakers", "kind": "increase", "start": 1, "target": 2}
        wanted = number | {"objective_id": objective["id"]}
        self._made("/key-results", wanted, named="key_result_id")
        value = f"/key-results/{self.ids['key_result_id']}/values/{date.isoformat(today)}"
        self._made(value, {"value": 1.5}, method="PUT")

    def _experiment(self) -> None:
        feature = self._made("/features", {"title": "A list"}, named="feature_id")
        slice_ = {"feature_id": feature["id"], "title": "By mail"}
        self._made("/slices", slice_, named="slice_id")
        audience = self._made("/audiences", {"name": "Bakers"}, named="audience_id")
        self._upload(audience["id"])
        design = DESIGN | {"audience_id": audience["id"], "slice_id": self.ids["slice_id"]}
        made = self._made("/experiments", design, named="experiment_id")
        links = {"key_results": [{"key_result_id": self.ids["key_result_id"], "mode": "evidence"}]}
        self._made(f"/experiments/{made['id']}", links, method="PATCH")

    def _upload(self, audience_id: str) -> None:
        house, key = self._whole.house, self._whole.systems["admin"]
        path = f"/api/v1/audiences/{audience_id}/imports"
        (said,) = self._whole.every(self._whole.ask("POST", path, key, body=CSV, kind="text/csv"))
        assert said.status == 202, said.text
        self.ids["import_id"] = said.json()["id"]
        folder = (house.imports, house.folder_id)
        while read_imports(house.database, *folder, clock.now()):
            pass

    def _rest(self) -> None:
        week = self.ids["week"]
        person = {"name": "Dee", "email": "dee@halvern.example", "team_id": self.ids["team_id"]}
        self._made("/allocation/respondents", person, named="respondent_id")
        self._made("/allocation/buckets", _BUCKETS, method="PUT")
        self._made(f"/weeks/{week}/commitments", {"text": "Mail them"}, named="item_id")
        self._made("/suppressions", {"email": "off@b.example", "reason": "asked"})
        image = {"name": "a.png", "says": "A loaf", "file": b64encode(png()).decode()}
        self._made("/images", image, named="image_id")
        template = {"name": "Mine", "design": DESIGN}
        self._made("/experiment-templates", template, named="template_id")
        event = {"id": "o-1", "event": "order", "email": "bo@b.example"}
        self._made("/conversions", event)
        settings = {"recipients": ["ann@halvern.example"], "sends_at": "monday 08:00"}
        self._made("/digest", settings, method="PUT")

    def filled(self, path: str, **other: str) -> str:
        """A route's template with ids of what is there, or `other` ones."""
        for name, value in {**self.ids, **other}.items():
            path = path.replace(f"{{{name}}}", value)
        return path


_BUCKETS = {
    "items": [{"name": "Building", "elective": True}, {"name": "Running", "elective": False}]
}


def parameters(route: Any) -> Iterator[tuple[str, str]]:
    """`path` or `query`, and the name of each parameter that a route and what it asks for take."""
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        waiting += one.dependencies
        yield from (("path", param.alias) for param in one.path_params)
        yield from (("query", param.alias) for param in one.query_params)


def properties_of(document: dict[str, Any], path: str, method: str) -> list[str]:
    """The names that the API's document gives to the fields of a body."""
    told = document["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    shape = told.get("application/json", {}).get("schema", {})
    shapes = document["components"]["schemas"]
    inner = re.findall(r"#/components/schemas/(\w+)", str(shape))
    return [name for one in inner for name in shapes[one].get("properties", {})]
