"""Every change of a setting says in the audit from what to what, and never a secret."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from app.audience.models import Person
from app.experiments.models import Experiment
from app.identity import audit_rows
from app.identity.access import is_export
from app.identity.models import ApiToken, AuditRow
from app.okr.models import Cycle, Objective
from app.outreach.models import Connector
from app.platform import outbound
from app.platform.told import told_of
from tests.moments import NOW
from tests.settled import Settled
from tests.whole import CHANGES, FORM, Whole, asked, of_json, whole

SECRET = "s3cret-of-theirs"
API = "/api/v1"
# Where people set what a declared table holds: every route that changes something there is walked.
PLACES = (
    f"{API}/digest", f"{API}/allocation/settings", f"{API}/allocation/buckets",
    f"{API}/teams", f"{API}/cycles", f"{API}/objectives", f"{API}/unusual-weeks",
    f"{API}/allocation/respondents", f"{API}/connectors", f"{API}/webhooks", f"{API}/tokens",
    "/tokens", "/time/settings", "/connections",
)  # fmt: skip
SHOW_ADDRESSES = {
    "/customers", "/suppressions", "/conversions", "/outbox", f"{API}/people",
    f"{API}/suppressions", f"{API}/conversions", f"{API}/experiments/{{experiment_id}}/sends",
}  # fmt: skip
SETS_NOTHING = {  # a try, a repetition, a secret made anew: the action says it all
    ("POST", f"{API}/connectors/{{connector_id}}/test"),
    ("POST", f"{API}/webhooks/{{webhook_id}}/test"),
    ("POST", f"{API}/webhooks/{{webhook_id}}/rotate"),
    ("POST", "/connections/{connector_id}/test"),
    ("POST", "/connections/{connector_id}/rotate"),
    ("POST", "/connections/pushes/{push_id}/replay"),
}
TIMES = {"mode": "person", "opens": "thursday 13:00", "reminds": "friday 10:00"}
LATER = {"mode": "team", "opens": "friday 14:00", "reminds": "next monday 09:00"}
CHANGED = {
    "title": "Bakers who come back", "start": 2, "target": 40, "stretch": 50, "weight": 2,
    "cadence": "monthly", "source": "api", "owner": "dee@halvern.example",
    "kept_because": "It is a number", "running_total": True,
}  # fmt: skip
BAND = {"title": "Waste", "kind": "maintain", "unit": "percent", "start": 5, "target": 5}


@dataclass(frozen=True)
class Step:
    """A request of an admin, and some of what the audit says of it."""

    method: str
    path: str
    body: Any
    says: Mapping[str, str]
    form: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Whole, Settled]]:
    """An installation with one of everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "resolve", lambda _host, _port: ["93.184.216.34"])
        with whole(Path(tmp_path_factory.mktemp("told"))) as application:
            yield application, Settled(application)


@pytest.fixture(scope="module")
def walked(there: tuple[Whole, Settled]) -> tuple[Whole, list[Any]]:
    """Every step was done; what the audit says of each."""
    return there[0], [(step, *_taken(*there, step)) for step in STEPS]


def _taken(application: Whole, settled: Settled, step: Step) -> tuple[int, dict[str, Any], str]:
    _know(application, settled)
    body = _filled(step.body, settled)
    written = urlencode(body).encode() if step.form else of_json(body) if body else b""
    address = settled.filled(step.path, **step.ids)
    kind = FORM if step.form else "application/json"
    request = asked(application, step.method, address, "admin", body=written, kind=kind)
    (said,) = application.every(request)
    with application.house.database.read() as session:
        newest = session.exec(select(AuditRow).order_by(col(AuditRow.number).desc())).first()
        assert newest
        return said.status, dict(audit_rows.details_of(newest)), newest.action


def _know(application: Whole, settled: Settled) -> None:
    """What was made last is what the next address names."""
    with application.house.database.read() as session:
        hook = Connector.kind == "webhook"
        for name, query in (
            ("webhook_id", select(Connector.id).where(hook).order_by(col(Connector.id).desc())),
            ("connector_id", select(Connector.id).order_by(col(Connector.id).desc())),
            ("person_id", select(Person.id)),
            ("objective_id", select(Objective.id).order_by(col(Objective.id).desc())),
            ("cycle_id", select(Cycle.id).order_by(col(Cycle.id).desc())),
            ("token_id", select(ApiToken.id).order_by(col(ApiToken.id).desc())),
        ):
            settled.ids[name] = session.exec(query).first() or "none yet"


def _filled(body: Any, settled: Settled) -> Any:
    """Ids of what is there, in the values of a body."""
    if isinstance(body, dict):
        return {name: _filled(one, settled) for name, one in body.items()}
    if isinstance(body, list):
        return [_filled(one, settled) for one in body]
    return settled.filled(body) if isinstance(body, str) else body


AT_HOME = {"name": "At home", "elective": False}
HOOK = {"url": f"https://hooks.example/{SECRET}", "name": "Ours"}
OPERATELY = {"kind": "operately", "name": "Goals", "settings": {"token": SECRET}}
LINK = {"connector_id": "{connector_id}", "external": {"goal_id": "g1", "target_id": "t1"}}
NUMBERS = {"url": f"https://numbers.example/{SECRET}", "pointer": "/week", "every": "weekly"}
WAREHOUSE = {"connection": "warehouse", "query": "SELECT 7", "every": "daily"}
NEXT_YEAR = {"name": "2031", "starts": "2031-01-01", "ends": "2031-12-31"}
IN_2031 = {"week": "2031-W07"}
STEPS = (
    Step(
        "PUT", f"{API}/digest", {"recipients": ["bo@halvern.example"], "sends_at": "friday 15:00"},
        {"recipients": "ann@halvern.example → bo@halvern.example",
         "sends_at": "monday 08:00 → friday 15:00"},
    ),
    Step(
        "POST", "/connections/digest", {"recipients": "", "sends_at": ""},
        {"recipients": "bo@halvern.example → none", "sends_at": "friday 15:00 → none"}, form=True,
    ),
    Step(
        "PUT", f"{API}/allocation/settings", TIMES | {"closes": "friday 16:00"},
        {"mode": "team → person", "opens_day": "4 → 3", "opens_at": "14:00 → 13:00",
         "closes_at": "10:00 → 16:00"},
    ),
    Step(
        "POST", "/time/settings/times", LATER | {"closes": "next monday 10:00"},
        {"mode": "person → team", "reminds_at": "10:00 → 09:00"}, form=True,
    ),
    Step(
        "PUT", f"{API}/allocation/buckets",
        {"items": [{"name": "Trying", "elective": True, "target": 1}, AT_HOME]},
        {"name of “Trying”": "none → Trying", "target of “Trying”": "none → 1.0",
         "position of “At home”": "none → 1"},
    ),
    Step(
        "POST", "/time/settings/buckets",
        {"0.name": "Keeping", "0.elective": "yes", "0.target": "100", "0.position": "1",
         "1.name": "At home again", "1.elective": "no", "1.target": "", "1.position": "2"},
        {"target of “Keeping”": "none → 1.0"}, form=True,
    ),
    Step(
        "POST", f"{API}/allocation/respondents",
        {"name": "Ed", "email": "ed@halvern.example", "team_id": "{team_id}"},
        {"name": "none → Ed", "email": "none → ed@halvern.example"},
    ),
    Step(
        "PATCH", f"{API}/allocation/respondents/{{respondent_id}}",
        {"name": "Dora", "fte": 0.5, "active": False, "asked_time": False, "language": "de"},
        {"name": "Dee → Dora", "fte": "1.0 → 0.5", "active": "yes → no", "asked_time": "yes → no",
         "language": "none → de"},
    ),
    Step("PATCH", f"{API}/key-results/{{key_result_id}}", CHANGED,
         {"title": "Weekly active bakers → Bakers who come back", "target": "2.0 → 40.0",
          "running_total": "none → yes", "source": "manual → api"}),
    Step("POST", f"{API}/key-results",
         BAND | {"objective_id": "{objective_id}", "low": 4, "high": 6},
         {"kind": "none → maintain", "unit": "none → percent", "low": "none → 4.0",
          "high": "none → 6.0"}),
    Step("PATCH", f"{API}/key-results/{{key_result_id}}", {"source": "http", "http": NUMBERS},
         {"source": "api → http", "pointer": "none → /week", "every": "none → weekly"}),
    Step("PATCH", f"{API}/key-results/{{key_result_id}}", {"source": "sql", "sql": WAREHOUSE},
         {"source": "http → sql", "pointer": "/week → none", "connection": "none → warehouse",
          "query": "none → SELECT 7", "every": "weekly → daily"}),
    Step("PATCH", f"{API}/key-results/{{key_result_id}}", {"source": "manual"},
         {"source": "sql → manual", "query": "SELECT 7 → none"}),
    Step("POST", f"{API}/teams", {"name": "Shops"}, {"name": "none → Shops"}),
    Step("PATCH", f"{API}/teams/{{team_id}}", {"name": "Growing", "function": "product"},
         {"name": "Growth → Growing", "function": "none → product"}),
    Step("POST", f"{API}/objectives", {"title": "Fewer calls", "cycle_id": "{cycle_id}"},
         {"title": "none → Fewer calls"}),
    Step("PATCH", f"{API}/objectives/{{objective_id}}", {"title": "No calls", "owner": "Dee"},
         {"title": "Fewer calls → No calls", "owner": "none → Dee"}),
    Step("DELETE", f"{API}/objectives/{{objective_id}}", None, {"title": "No calls → none"}),
    Step("PUT", f"{API}/unusual-weeks/{{week}}",
         {"reason": "A strike", "key_result_id": "{key_result_id}"},
         {"reason": "none → A strike"}, ids=IN_2031),
    Step("PUT", f"{API}/unusual-weeks/{{week}}", {"reason": "A fair"},
         {"week": "none → 2031-W07", "reason": "none → A fair"}, ids=IN_2031),
    Step("DELETE", f"{API}/unusual-weeks/{{week}}", None, {"reason": "A fair → none"},
         ids=IN_2031),
    Step("POST", f"{API}/cycles", NEXT_YEAR, {"name": "none → 2031", "ends": "none → 2031-12-31"}),
    *(
        Step("POST", f"{API}/objectives", {"title": title, "cycle_id": "{cycle_id}"}, {})
        for title in ("One", "Two", "Three", "Four", "Five")
    ),
    Step("POST", f"{API}/cycles/{{cycle_id}}/copy", {"name": "2032", "starts": "2032-01-01"},
         {"name": "none → 2032", "title": "none → One; none → Two; none → Three; and 2 more"}),
    Step("POST", f"{API}/cycles", {"name": "2033", "starts": "2033-01-01", "ends": "2033-12-31"},
         {"starts": "none → 2033-01-01"}),
    Step("PATCH", f"{API}/cycles/{{cycle_id}}", {"ends": "2033-06-30"},
         {"ends": "2033-12-31 → 2033-06-30"}),
    Step("POST", f"{API}/cycles/{{cycle_id}}/close", {"scores": {}}, {}),
    Step("POST", f"{API}/cycles/{{cycle_id}}/reopen", None, {}),
    Step("DELETE", f"{API}/cycles/{{cycle_id}}", None, {"name": "2033 → none"}),
    Step("POST", f"{API}/webhooks", HOOK, {"name": "none → Ours", "kind": "none → webhook"}),
    Step("POST", f"{API}/webhooks/{{webhook_id}}/disable", None,
         {"disabled_reason": "none → Disabled by admin."}),
    Step("POST", f"{API}/webhooks/{{webhook_id}}/enable", None,
         {"disabled_reason": "Disabled by admin. → none"}),
    Step("DELETE", f"{API}/webhooks/{{webhook_id}}", None, {"name": "Ours → none"}),
    Step("POST", "/connections/webhooks", {"address": HOOK["url"], "name": "By page"},
         {"name": "none → By page"}, form=True),
    Step("POST", "/connections/{connector_id}/disable", {"x": ""},
         {"disabled_reason": "none → Disabled by Admin."}, form=True),
    Step("POST", "/connections/{connector_id}/enable", {"x": ""},
         {"disabled_reason": "Disabled by Admin. → none"}, form=True),
    Step("POST", "/connections",
         {"kind": "operately", "title": "Page", "operately.token": SECRET},
         {"name": "none → Page", "kind": "none → operately"}, form=True),
    Step("POST", f"{API}/connectors", OPERATELY, {"name": "none → Goals"}),
    Step("PUT", f"{API}/key-results/{{key_result_id}}/connector", LINK,
         {"external": "none → goal_id: g1, target_id: t1"}),
    Step("DELETE", f"{API}/key-results/{{key_result_id}}/connectors/{{connector_id}}", None,
         {"external": "goal_id: g1, target_id: t1 → none"}),
    Step("POST", f"{API}/connectors/{{connector_id}}/disable", None,
         {"disabled_reason": "none → Disabled by admin."}),
    Step("POST", f"{API}/connectors/{{connector_id}}/enable", None,
         {"disabled_reason": "Disabled by admin. → none"}),
    Step("DELETE", f"{API}/connectors/{{connector_id}}", None, {"name": "Goals → none"}),
    Step("POST", "/tokens", {"name": "A shop", "role": "editor", "may_draft": "yes"},
         {"name": "none → A shop", "role": "none → editor", "may_draft": "none → yes"}, form=True),
    Step("POST", "/tokens/{token_id}/revoke", {"x": ""}, {}, form=True),
    Step("POST", "/tokens", {"name": "A till", "role": "viewer"}, {"role": "none → viewer"},
         form=True),
    Step("DELETE", f"{API}/tokens/{{token_id}}", None, {}),
)  # fmt: skip


def test_each_change_says_from_what_to_what(walked: tuple[Whole, list[Any]]):
    wrong = [
        (step.method, step.path, status, action, details)
        for step, status, details, action in walked[1]
        if status >= 400
        or action != f"{step.method} {step.path}"
        or not step.says.items() <= details.items()
    ]

    assert wrong == []


def test_every_column_that_is_declared_is_told_by_some_change(walked: tuple[Whole, list[Any]]):
    said = {name.partition(" of ")[0] for _, _, details, _ in walked[1] for name in details}
    declared = {
        name
        for table in SQLModel.metadata.tables.values()
        if (told := told_of(table)) is not None
        for name in told.columns
    }

    assert len(declared) > 30
    assert declared - said == set()


def test_every_route_of_a_setting_is_walked(walked: tuple[Whole, list[Any]]):
    application, steps = walked
    changing = {
        (method, route.path)
        for method, route in application.routes()
        if method in CHANGES and route.path.startswith(PLACES)
    }

    assert changing - {(step.method, step.path) for step, *_ in steps} - SETS_NOTHING == set()
    assert changing >= SETS_NOTHING


def test_a_file_that_leaves_is_noted_and_a_look_is_not(there: tuple[Whole, Settled]):
    application, settled = there
    _know(*there)
    with application.house.database.write() as session:  # there is a readout
        session.get_one(Experiment, settled.ids["experiment_id"]).started_at = NOW
    looked: list[tuple[str, int, int]] = []
    taken: list[tuple[str, int, int]] = []
    for method, route in application.routes():
        if method == "GET":
            before = _noted(application)
            asking = asked(application, method, settled.filled(route.path), "admin")
            (said,) = application.every(asking)
            found = taken if is_export(route.path) else looked
            found.append((route.path, said.status, _noted(application) - before))

    assert [one for one in looked if one[2]] == []
    assert {path for path, status, _ in looked if status == 200} >= SHOW_ADDRESSES
    # Charts are taken where there is something to draw: tests/web/kit/test_charts.py.
    assert [one for one in taken if one[1:] != (200, 1) and "/charts/" not in one[0]] == []
    assert len(taken) > 8


def _noted(application: Whole) -> int:
    with application.house.database.read() as session:
        return session.exec(select(func.count()).select_from(AuditRow)).one()


def test_no_secret_stands_in_the_audit(walked: tuple[Whole, list[Any]]):
    application, _ = walked
    with application.house.database.read() as session:
        rows = session.exec(select(AuditRow)).all()
        held = session.exec(select(Connector)).all()
        tokens = session.exec(select(ApiToken)).all()

    secrets = {SECRET, "tsl_", "whsec_", *(one.secrets for one in held), *(t.hash for t in tokens)}
    assert held
    assert [row for row in rows if any(one in str(row.model_dump()) for one in secrets)] == []
