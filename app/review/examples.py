"""How a week and a learning look in JSON, for the API's document."""

from typing import Any

from app.okr.examples import LANDING, STATEMENT

ITEM: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "text": "Ask the bakers who clicked",
    "owner": "ann@example.com",
    "kept": None,
    "by": "Ann",
}
KEY_RESULT: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ac",
    "title": "Weekly active bakeries",
    "unit": "number",
    "kind": "increase",
    "start": 1240,
    "target": 1800,
    "low": None,
    "high": None,
    "current": 1515,
    "change": 35,
    "closer": True,
    "progress": 0.491,
    "expected": 0.57,
    "pace": "green",
    "confidence": 7,
    "comment": "The insight brings them back.",
    "stale": False,
    "as_of": "2026-11-20",
    "owner": "ann@example.com",
    "statement": STATEMENT,
    "is_new": True,
    "ends": "2026-12-31",
    "forecast": LANDING,
    "check_in_id": "1f0c3m8k2tq5w7x9z0ae",
    "checked_in_by": "Ann",
}
DECIDED: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ad",
    "name": "Waste in euros",
    "feature": "Waste insights",
    "slice": "Say it in euros",
    "call": "validated",
    "sentence": "72 of 600 clicked: 12.0 %, at least 9.9 %. The threshold was 8 %.",
    "decision": "build",
    "learning": "Money moves them, weight did not.",
    "decided_by": "Ann",
}
STARTING: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ad",
    "name": "Waste in euros",
    "status": "scheduled",
    "starts_at": "2026-11-24T08:00:00Z",
}
BUCKET: dict[str, Any] = {
    "name": "Build new",
    "elective": True,
    "of_all": 0.28,
    "of_elective": 0.5,
    "target": 0.6,
}
TIME: dict[str, Any] = {
    "asked": 3,
    "answered": 3,
    "non_elective": 0.44,
    "buckets": [BUCKET],
    "rising": False,
}
OVERDUE: dict[str, Any] = {
    "kind": "value",
    "id": "1f0c3m8k2tq5w7x9z0ac",
    "name": "Weekly active bakeries",
    "owner": "ann@example.com",
    "sentence": "Its last value is from 2026-11-06.",
}
UNUSUAL: dict[str, Any] = {"key_result_id": None, "reason": "Christmas", "marked_by": "Ann"}
WEEK: dict[str, Any] = {
    "week": "2026-W47",
    "starts": "2026-11-16",
    "ends": "2026-11-22",
    "headline": "Closer on 1 of 1. New: Weekly active bakeries.",
    "sentence": "Closer on 1 of 1. New: Weekly active bakeries. 1 slice decided.",
    "key_results": [KEY_RESULT],
    "decided": [DECIDED],
    "weeks_avoided": 8,
    "starting": [],
    "time": TIME,
    "overdue": [],
    "blockers": [],
    "decisions": [],
    "commitments": [ITEM],
    "last_commitments": [],
    "frozen_at": None,
    "frozen_by": "",
    "unusual": [],
}
LEARNING: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "Waste in euros by email",
    "feature": "Waste insights",
    "slice": "Waste in euros",
    "believe": "Bakers will act on waste told in euros.",
    "verify": "Mail 600 bakeries their own number.",
    "measure": "People who follow the link within 72 hours.",
    "right_if": "More than 8 % do.",
    "call": "validated",
    "sentence": "Validated: 72 of 600 people (12.0 %) clicked.",
    "decision": "build",
    "learning": "Money moves bakers where products did not.",
    "reason": None,
    "next_slice": "Next week's bake list",
    "next_slice_id": "1f0c3m8k2tq5w7x9z0ac",
    "decided_by": "Ann",
    "decided_at": "2026-11-20T12:00:00Z",
}
