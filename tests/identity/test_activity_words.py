"""What was done, said as a colleague would: for every change of what is spoken of."""

import pytest
from fastapi import FastAPI

from app.identity.activity_words import DONE, done
from tests.web.test_access import application, house, routes

__all__ = ["application", "house"]  # fixtures of that module
_NOUNS = ("/experiments/{", "/features/{", "/key-results/{")
_TALK = ("/comments", "/watch", "/seen", "/find")  # no part of the list


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("POST /experiments", "made it"),
        ("POST /experiments/{experiment_id}/launch", "launched it"),
        ("POST /api/v1/experiments/{experiment_id}/launch refused", "was refused: launched it"),
        ("PATCH /api/v1/features/{feature_id}", "changed it"),
        ("POST /features/{feature_id}", "changed it"),
        ("DELETE /api/v1/experiments/{experiment_id}/share-links/{link_id}", "ended a link to it"),
        ("agent draft_experiment", "agent draft_experiment"),
    ],
)
def test_an_action_is_said_in_words(action: str, said: str):
    assert done(action) == said


def test_every_change_of_a_thing_has_its_words(application: FastAPI):
    tails = {
        "/".join(one for one in path.split("/")[3:] if "{" not in one)
        for method, path in (
            (method, path.removeprefix("/api/v1")) for method, path in routes(application)
        )
        if method in {"POST", "PUT", "PATCH", "DELETE"}
        and path.startswith(_NOUNS)
        and not any(one in path for one in _TALK)
    }

    assert tails - DONE.keys() == {""}
