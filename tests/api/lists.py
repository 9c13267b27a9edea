"""A row for every list of the API: what it needs, and how the API names it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer
from sqlmodel import Session, SQLModel, select

from app.allocation.models import Respondent
from app.audience.models import Audience, Declined, Person, Suppression
from app.delivery.models import MailImage, Send, WrittenBack
from app.experiments.models import DraftVersion, Experiment, ExperimentTemplate, Feature, Slice
from app.identity.models import (
    ApiToken,
    AuditRow,
    LoginSession,
    News,
    ShareLink,
    TeamInvitation,
    User,
)
from app.okr.models import CheckIn, Cycle, KeyResult, Objective, Team, UnusualWeek
from app.outreach.models import Connector, ConnectorLink, Push
from app.platform.put_off import PutOff
from app.review.models import Comment, Decision
from app.tracking.models import Conversion, DataFolder, Hit
from tests.api.conftest import NOW
from tests.cast import DESIGN

_DESIGN = DESIGN | {"audience_id": "one"}
_PLAIN: dict[str, object] = {
    "Boolean": False,
    "Integer": 1,
    "BigInteger": 1,
    "Float": 1.0,
    "UtcDateTime": NOW,
    "Date": NOW.date(),
    "JSON": {},
    "LargeBinary": b"x",
}
Fields = Callable[[int], dict[str, Any]]


def _nothing(_number: int) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Filling:
    """How a list is filled: the model of its rows, the fields that matter, and its name there."""

    model: type[SQLModel]
    fields: Fields = _nothing
    told_as: str = "id"
    named_by: str = "id"
    beside: Callable[[Session, int], None] = field(default=lambda _session, _number: None)

    def add(self, session: Session, number: int) -> str:
        """One more row; what the API calls it."""
        self.beside(session, number)
        row = filled(self.model, number, **self.fields(number))
        session.add(row)
        session.flush()
        return self.name_of(row)

    def name_of(self, row: SQLModel) -> str:
        value = getattr(row, self.named_by)
        return value.isoformat() if isinstance(value, date) else str(value)

    def remove(self, session: Session, name: str) -> None:
        (row,) = [one for one in session.exec(select(self.model)) if self.name_of(one) == name]
        session.delete(row)


def filled(model: type[SQLModel], number: int, /, **fields: Any) -> SQLModel:
    """A row with something in every column that needs something; ids lie in no order."""
    for column in model.__table__.columns:  # type: ignore[attr-defined]  # a table's model
        if column.name in fields or (column.nullable and not column.primary_key):
            continue
        fields[column.name] = _something(column, number)
    return model(**fields)


def _something(column: Any, number: int) -> object:
    if column.default is not None and column.name != "id" and column.default.is_scalar:
        return column.default.arg
    if column.primary_key or column.unique or column.name in {"name", "email", "email_key"}:
        mixed = random.Random(number).getrandbits(50)
        return mixed if isinstance(column.type, Integer) else f"{mixed:020}"
    if column.name in {"cycle_id", "objective_id", "feature_id", "key_result_id"}:
        return "one"
    return _PLAIN.get(column.type.__class__.__name__, "x")


def _day(number: int) -> date:
    return (NOW - timedelta(days=number)).date()


def _moment(number: int) -> datetime:
    return NOW - timedelta(minutes=number % 3)  # several at one moment


def _person_of(session: Session, number: int) -> None:
    address = f"{number}@b.example"
    session.add(
        Person(id=f"p{number}", email=address, email_key=address, created_at=NOW, updated_at=NOW)
    )
    session.flush()


def _sent_to(session: Session, number: int) -> None:
    session.add(filled(Send, number, id=number, experiment_id="one", person_id=f"p{number}"))
    session.flush()


def _experiment_of(session: Session, number: int) -> None:
    session.add(filled(Experiment, number, id=f"e{number}", design=_DESIGN, status="decided"))
    session.flush()


PARENTS: dict[type[SQLModel], dict[str, Any]] = {
    Experiment: {"design": _DESIGN, "status": "draft"},
    Feature: {},
    Cycle: {},
    Objective: {},
    KeyResult: {"kind": "increase", "source": "manual"},
    User: {"role": "viewer"},
}


LISTS: dict[str, Filling] = {
    "/audiences": Filling(Audience, lambda _: {"columns": []}),
    "/people": Filling(Person),
    "/suppressions": Filling(Suppression),
    "/suppressions/kinds": Filling(Declined),
    "/images": Filling(MailImage, lambda _: {"kind": "png"}),
    "/experiments": Filling(Experiment, lambda _: {"design": _DESIGN, "status": "draft"}),
    "/experiments/{experiment_id}/sends": Filling(
        Send,
        lambda number: {"experiment_id": "one", "person_id": f"p{number}", "state": "sent"},
        told_as="send_id",
        beside=_person_of,
    ),
    "/experiments/{experiment_id}/hits": Filling(
        Hit,
        lambda number: {"experiment_id": "one", "kind": "click", "segment_offset": number},
    ),
    "/experiments/{experiment_id}/replies": Filling(
        WrittenBack,
        lambda number: {"experiment_id": "one", "send_id": number, "at": _moment(number)},
        beside=_sent_to,
    ),
    "/experiments/{experiment_id}/share-links": Filling(
        ShareLink,
        lambda number: {
            "experiment_id": "one", "hash": f"h{number}", "expires_at": NOW + timedelta(days=3650),
        },
    ),
    **{
        f"/{noun}/comments": Filling(Comment, lambda _: {"subject": "one", "mentions": []})
        for noun in (
            "experiments/{experiment_id}", "features/{feature_id}", "key-results/{key_result_id}",
        )
    },
    "/notices": Filling(
        News, lambda number: {"user_id": "one", "fact": f"f{number}", "kind": "verdict"}
    ),
    "/experiments/{experiment_id}/versions": Filling(
        DraftVersion,
        lambda number: {"experiment_id": "one", "number": number, "made": "written",
                         "design": _DESIGN | {"name": f"n{number}"}, "unread": None},
        told_as="number", named_by="number",
    ),
    "/features": Filling(Feature),
    "/slices": Filling(Slice, lambda _: {"status": "idea"}),
    "/experiment-templates": Filling(ExperimentTemplate),
    "/connectors": Filling(Connector, lambda _: {"kind": "operately"}),
    "/webhooks": Filling(
        Connector,
        lambda _: {"kind": "webhook", "settings": {"url": "https://x.example", "events": []}},
    ),
    "/key-results/{key_result_id}/connectors": Filling(
        ConnectorLink, lambda number: {"key_result_id": "one", "connector_id": f"c{number}"},
        told_as="connector_id", named_by="connector_id",
    ),
    "/pushes": Filling(Push, lambda number: {"state": "waiting", "event_id": f"v{number}"}),
    "/conversions": Filling(Conversion, lambda number: {"received_at": _moment(number)}),
    "/teams": Filling(Team),
    "/cycles": Filling(Cycle),
    "/objectives": Filling(Objective),
    "/key-results": Filling(KeyResult, lambda _: {"kind": "increase", "source": "manual"}),
    "/unusual-weeks": Filling(
        UnusualWeek,
        lambda number: {
            "week": f"{2030 + number % 2}-W{1 + number % 50:02}", "key_result_id": f"k{number}",
        },
        told_as="key_result_id", named_by="key_result_id",
    ),
    "/key-results/{key_result_id}/values": Filling(
        CheckIn, lambda number: {"key_result_id": "one", "date": _day(number), "value": number},
        told_as="date", named_by="date",
    ),
    "/key-results/{key_result_id}/values/{date}": Filling(
        CheckIn,
        lambda number: {"key_result_id": "one", "value": float(number), "replaced_at": NOW},
        told_as="value",
        named_by="value",
    ),
    "/allocation/respondents": Filling(Respondent),
    "/data-folders": Filling(DataFolder, lambda number: {"registered_at": _moment(number)}),
    "/users": Filling(User, lambda _: {"role": "viewer"}),
    "/users/{user_id}/sessions": Filling(
        LoginSession,
        lambda number: {
            "user_id": "one", "created_at": _moment(number), "expires_at": NOW + timedelta(days=9),
            "issuer": None,
        },
    ),
    "/invitations": Filling(
        TeamInvitation,
        lambda number: {"role": "viewer", "hash": f"{number}"},
    ),
    "/tokens": Filling(ApiToken, lambda _: {"role": "viewer"}),
    "/put-off": Filling(
        PutOff, lambda number: {"work": "plan", "item": f"e{number}", "attempts": 1}
    ),
    "/audit": Filling(
        AuditRow, lambda number: {"actor": f"n{number}", "at": _moment(number)}, told_as="actor",
        named_by="actor",
    ),
    "/learnings": Filling(
        Decision,
        lambda number: {"experiment_id": f"e{number}", "at": _moment(number), "decision": "stop"},
        told_as="experiment_id", named_by="experiment_id", beside=_experiment_of,
    ),
}  # fmt: skip
