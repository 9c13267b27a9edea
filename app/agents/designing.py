"""What a design could show, and how its mail reads to somebody who does not exist."""

from typing import Any

from app.agents import arguments
from app.agents.asking import Asking, plain
from app.audience.columns import Column, Columns, Type
from app.audience.consent import COUNTS_NOWHERE
from app.audience.own import OWN
from app.delivery.arms import composed
from app.delivery.mail.addressing import Addressee
from app.delivery.mail.composed import ComposedArm
from app.experiments import cell_types, design, store
from app.experiments.design_schemas import Draft
from app.experiments.lifecycle import release_of
from app.platform.written_days import Order

_NOBODY = "made-up"
_DAYS = {
    Order.DAY_FIRST: "25.11.2026",
    Order.MONTH_FIRST: "11/25/2026",
    Order.YEAR_FIRST: "2026-11-25",
    Order.EXCEL_DAYS: "46351",
    Order.UNIX_SECONDS: "1795564800",
    Order.UNIX_MILLISECONDS: "1795564800000",
}


def plan_experiment(asking: Asking, asked: arguments.PlanExperiment) -> Any:
    """How many must do it before a result can be told, and what could be seen."""
    rule = asked.rule
    if asked.baseline is not None:
        rule = rule.model_copy(update={"base_rate": asked.baseline})
    keys = [rule.baseline or "a", "a" if rule.baseline != "a" else "b"]
    arms = [{"key": key} for key in (keys if rule.baseline else keys[:1])]
    draft = Draft.model_validate(
        {"name": "A plan", "audience_id": None, "arms": arms, **_plain(asked, rule)}
    )
    return plain(design.plan(draft, people=asked.people, start=asking.now))


def _plain(asked: arguments.PlanExperiment, rule: Any) -> dict[str, Any]:
    return {"metric": asked.metric.model_dump(), "rule": rule.model_dump()}


def preview_mail(asking: Asking, asked: arguments.PreviewMail) -> Any:
    """The mail as a made-up person of its audience would read it; its links count nowhere."""
    row = store.experiment_of(asking.session, asked.experiment_id)
    columns = cell_types.columns_of(asking.session, row)
    arm = composed(row, asked.arm, columns=columns, settings=asking.settings, set_id=None)
    keyring = asking.request.app.state.keyring
    read = arm.render(_somebody(arm, columns), keyring=keyring, now=release_of(row, now=asking.now))
    return {"subject": read.subject, "preheader": read.preheader, "text": read.text}


def _somebody(arm: ComposedArm, columns: Columns) -> Addressee:
    cells: dict[str, object] = {name: _cell(columns.by_name.get(name)) for name in arm.names}
    own = {name: one.example for name, one in OWN.items()}
    return Addressee(
        email=str(own["email"]),
        person_id=_NOBODY,
        columns=cells | own,
        mail_id=_NOBODY,
        may=COUNTS_NOWHERE,
    )


def _cell(column: Column | None) -> str:
    if column is None or column.type is Type.TEXT:
        return "Example"
    if column.type is Type.NUMBER:
        return "42"
    if column.type is Type.BOOLEAN:
        return "yes"
    return _DAYS[Order(column.format or Order.YEAR_FIRST)]
