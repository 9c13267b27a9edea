"""Every published number that we know of, at the tolerance it was published with."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stats.published import COMPUTED

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "published.json").read_text(encoding="utf-8")
)
# What another program says and we knowingly do not: by case, the names, and why.
NOT_OURS: dict[str, dict[str, str]] = {
    "c034": {"variance": "a variance below 0, on the way to an error; we refuse such sums at once"},
    "g045": {"gbstats_p_value": "an arm without weight is counted as a degree of freedom"},
}


def close(found: Any, told: Any, tolerance: dict[str, Any]) -> bool:
    if isinstance(told, list):
        pairs = zip(found, told, strict=True)
        return all(close(one, other, tolerance) for one, other in pairs)
    if told is None:
        return True  # the source says nothing of this end
    if isinstance(told, str) or tolerance.get("exact"):
        return bool(found == told)
    return bool(
        found == pytest.approx(told, abs=tolerance.get("abs", 0), rel=tolerance.get("rel", 1e-15))
    )


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_published_number_comes_out(case: dict[str, Any]):
    found = COMPUTED[case["method"]](case["inputs"])

    for name, told in case["expected"].items():
        if name in NOT_OURS.get(case["id"], {}):
            continue
        if name.endswith("_lt"):
            assert found[name] < told
            continue
        assert close(found[name], told, case["tolerance"]), (name, found[name], told)


def test_every_case_is_computed_and_nothing_is_left_out_without_a_reason():
    assert len(CASES) == 46
    assert {case["method"] for case in CASES} == set(COMPUTED)
    assert all(reason for names in NOT_OURS.values() for reason in names.values())
