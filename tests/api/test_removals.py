"""What nothing uses is removed; what is used says by what, and stays."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.cast import DESIGN


@pytest.fixture
def world(api: Api, audience_id: str) -> dict[str, str]:
    """A feature with a slice, tested by a draft that another one follows."""
    feature = api.made("/features", {"title": "Waste"})["id"]
    slice_id = api.made("/slices", {"feature_id": feature, "title": "In euros"})["id"]
    draft = api.made("/experiments", DESIGN | {"slice_id": slice_id, "audience_id": audience_id})
    sent: dict[str, Any] = DESIGN | {
        "name": "Later",
        "audience_id": None,
        "exclude": {"experiment_ids": [draft["id"]]},
    }
    later = api.made("/experiments", sent)["id"]
    return {
        "audiences": audience_id,
        "features": feature,
        "slices": slice_id,
        "experiments": draft["id"],
        "later": later,
    }


USED_BY = {
    "features": "/slices/{slices}",
    "slices": "/experiments/{experiments}",
    "audiences": "/experiments/{experiments}",
    "experiments": "/experiments/{later}",
}


@pytest.mark.parametrize("kind", USED_BY)
def test_what_is_used_says_by_what(api: Api, world: dict[str, str], kind: str):
    refused = api.ask("DELETE", f"/{kind}/{world[kind]}")

    assert refused.status_code == 409
    assert [one["field"] for one in refused.json()["errors"]] == [USED_BY[kind].format(**world)]
    assert api.ask("GET", f"/{kind}/{world[kind]}").status_code == 200


def test_from_the_last_use_on_everything_can_go(api: Api, world: dict[str, str]):
    paths = [f"/experiments/{world['later']}"]
    paths += [
        f"/{kind}/{world[kind]}" for kind in ("experiments", "slices", "features", "audiences")
    ]
    gone = [api.ask("DELETE", path).status_code for path in paths]

    assert gone == [204] * len(paths)
    assert [api.ask("GET", path).status_code for path in paths] == [404] * len(paths)
    assert len(api.read("/people", limit=1)["items"]) == 1  # people stay known


def test_what_was_launched_stays(api: Api, experiment: dict[str, Any]):
    api.post(f"/experiments/{experiment['id']}/launch", {})
    refused = api.ask("DELETE", f"/experiments/{experiment['id']}")

    assert (refused.status_code, "Only drafts" in refused.json()["detail"]) == (409, True)
