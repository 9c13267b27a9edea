"""How a key result's parts look in JSON, for the API's document."""

from typing import Any

LANDING: dict[str, Any] = {
    "on": "2026-12-31",
    "value": 1720.5,
    "low": 1610.2,
    "high": 1830.8,
    "confidence": 0.8,
    "chance": 0.34,
    "values": 9,
    "method": "Chance of landing",
}
STATEMENT: dict[str, Any] = {
    "week": "2026-W47",
    "state": "closer",
    "p": 0.0011,
    "moved": 109.2,
    "low": 25.3,
    "high": 192.6,
    "chance": 0.34,
    "sentence": "Closer: +109 since the start (+25 to +193).",
    "cycle_week": 9,
    "cycle_weeks": 13,
    "as_factors": False,
    "noise_low": 1164.8,
    "noise_high": 1307.2,
    "begins": 1236,
    "now": 1345.2,
    "asks_running_total": False,
    "left_out": ["2026-W44"],
}
UNUSUAL_WEEK: dict[str, Any] = {
    "week": "2026-W53",
    "reason": "Christmas: the bakeries are closed",
    "for_all": True,
    "marked_by": "Ann",
    "has_begun": False,
}
CALIBRATION: dict[str, Any] = {
    "owner": "",
    "n": 14,
    "needed": 10,
    "expected": 8.2,
    "came": 7,
    "brier": 0.19,
    "base": 0.25,
    "agreement": "agree",
    "sentence": "said and came agree as far as we can tell (n = 14)",
}
CALIBRATIONS: dict[str, Any] = {
    "everybody": CALIBRATION,
    "owners": [CALIBRATION | {"owner": "ann@example.com"}],
    "ours": CALIBRATION | {"needed": 20, "n": 24},
}
