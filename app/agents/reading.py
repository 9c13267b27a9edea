"""What an agent may read: what the API answers, worked out by the API's own functions."""

from functools import partial
from typing import Any

from app.agents import answers, arguments, refusals
from app.agents.asking import Asking, plain, version_of
from app.api import allocation, experiments, key_results, learnings, readouts, weeks
from app.experiments import store
from app.experiments.models import Status
from app.okr import list_rows, views, week_rows
from app.okr import store as okr
from app.okr.views import KeyResultView
from app.platform.errors import Conflict
from app.review.shapes import KeyResultLine

_FEWEST = 5  # answers that an agent is shown together
_LEARNINGS = 10  # at once
_PAGE = 20  # experiments, without what makes them long
_LONG = {"arms", "where", "exclude", "segments", "waves", "guardrails", "key_results"}


def list_experiments(asking: Asking, asked: arguments.ListExperiments) -> Any:
    """Newest first, without their mails: get_experiment has those."""
    statuses = [asked.status] if asked.status else None
    if asked.key_result_id is None:
        return answers.fitting(partial(_page, asking, statuses, asked.cursor), _PAGE)
    key_results.get_key_result(asked.key_result_id, *asking.as_route)
    rows = store.linked_to(asking.session, asked.key_result_id)
    shown = [experiments.shown(asking.session, row) for row in rows]
    items = [_short(one) for one in shown if asked.status in {None, one.status}]
    return answers.shortened({"items": items[:_PAGE], "next": None})


def _page(
    asking: Asking, statuses: list[Status] | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    part = experiments.list_experiments(
        session=asking.session, status=statuses, cursor=cursor, limit=limit
    )
    return {"items": [_short(one) for one in part.items], "next": part.next}


def get_experiment(asking: Asking, asked: arguments.OfExperiment) -> Any:
    """Its document, its status, its decision; `version` is what update_draft asks for."""
    row = store.experiment_of(asking.session, asked.experiment_id)
    return {"version": version_of(row), **plain(experiments.shown(asking.session, row))}


def get_readout(asking: Asking, asked: arguments.OfExperiment) -> Any:
    """The sentence first, then the numbers; shares are 0..1."""
    found = readouts.get_readout(asked.experiment_id, *asking.as_route)
    return {"sentence": found.call.sentence, **plain(found)}


def get_key_result(asking: Asking, asked: arguments.OfKeyResult) -> Any:
    """Where it stands, where it is heading, and the experiments that should move it."""
    return plain(key_results.get_key_result(asked.key_result_id, *asking.as_route))


def get_checklist(asking: Asking, asked: arguments.OfExperiment) -> Any:
    """What blocks a launch first, then what is risky."""
    return plain(experiments.get_checklist(asked.experiment_id, *asking.as_route))


def list_key_results(asking: Asking, asked: arguments.ListKeyResults) -> Any:
    """Where each stands today."""
    seen = _seen(asking, asked.cycle_id)
    lines = [KeyResultLine.of(view) for view in seen if asked.stale in {None, view.stale}]
    return {"items": plain(lines)}


def _seen(asking: Asking, cycle_id: str | None) -> tuple[KeyResultView, ...]:
    today = asking.now.astimezone(asking.settings.zone).date()
    if cycle_id is None:
        going_on = week_rows.has_day_between(today, today)
        placed = week_rows.placed(asking.session, *going_on, today=today)
        return views.of_placed(asking.session, placed, today=today)
    okr.cycle_of(asking.session, cycle_id)
    objectives = [one.id for one in okr.objectives(asking.session, cycle_id=cycle_id)]
    by_objective = list_rows.by_objective(asking.session, objectives)
    rows = [row for of_one in by_objective.values() for row in of_one]
    return views.several(asking.session, rows, today=today)


def get_week(asking: Asking, asked: arguments.OfWeek) -> Any:
    """The week as it is told on its page."""
    return plain(weeks.get_week(asked.week, *asking.as_route))


def get_allocation(asking: Asking, asked: arguments.OfWeek) -> Any:
    """Where the time of a week went: of everybody, and of teams of whom 5 or more answered."""
    told = plain(allocation.get_week(asked.week, asking.session))
    everybody = told["everybody"]
    if everybody is None or everybody["answers"] < _FEWEST:
        raise Conflict(refusals.TOO_FEW)
    large = {name: one for name, one in told["teams"].items() if one and _is_large(one)}
    rest = everybody["answers"] - sum(one["answers"] for one in large.values())
    return told | {"teams": {} if 0 < rest < _FEWEST else large}


def _is_large(split: dict[str, Any]) -> bool:
    return bool(split["answers"] >= _FEWEST)


def list_learnings(asking: Asking, asked: arguments.ListLearnings) -> Any:
    """What was decided, and what was learned: best first, or without words the latest first."""

    def page(limit: int) -> dict[str, Any]:
        found = learnings.search_learnings(
            asking.session, q=asked.query, cursor=asked.cursor, limit=limit
        )
        told: dict[str, Any] = plain(found)
        return told

    return answers.fitting(page, _LEARNINGS)


def _short(one: Any) -> dict[str, Any]:
    return {name: value for name, value in plain(one).items() if name not in _LONG}
