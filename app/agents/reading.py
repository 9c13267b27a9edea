"""What an agent may read: what the API answers, worked out by the API's own functions."""

from typing import Any

from app.agents import arguments
from app.agents.asking import Asking, plain
from app.api import experiments, key_results, readouts
from app.experiments import store
from app.platform.clock import iso

_PAGE = 20  # experiments, without what makes them long
_LONG = {"arms", "where", "exclude", "segments", "waves", "guardrails"}


def list_experiments(asking: Asking, asked: arguments.ListExperiments) -> Any:
    """Newest first, without their mails: get_experiment has those."""
    statuses = [asked.status] if asked.status else None
    if asked.key_result_id is None:
        part = experiments.list_experiments(asking.session, statuses, None, asked.cursor, _PAGE)
        return {"items": [_short(one) for one in part.items], "next": part.next}
    key_results.get_key_result(asked.key_result_id, *asking.as_route)
    rows = store.linked_to(asking.session, asked.key_result_id)
    shown = [experiments.shown(asking.session, row) for row in rows]
    items = [_short(one) for one in shown if asked.status in {None, one.status}]
    return {"items": items, "next": None}


def get_experiment(asking: Asking, asked: arguments.OfExperiment) -> Any:
    """Its document, its status, its decision; `version` is what update_draft asks for."""
    row = store.experiment_of(asking.session, asked.experiment_id)
    return {"version": iso(row.updated_at), **plain(experiments.shown(asking.session, row))}


def get_readout(asking: Asking, asked: arguments.OfExperiment) -> Any:
    """The sentence first, then the numbers; shares are 0..1."""
    found = readouts.get_readout(asked.experiment_id, *asking.as_route)
    return {"sentence": found.call.sentence, **plain(found)}


def get_key_result(asking: Asking, asked: arguments.OfKeyResult) -> Any:
    """Where it stands, where it is heading, and the experiments that should move it."""
    return plain(key_results.get_key_result(asked.key_result_id, *asking.as_route))


def _short(one: Any) -> dict[str, Any]:
    return {name: value for name, value in plain(one).items() if name not in _LONG}
