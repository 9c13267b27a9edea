"""The objects that a journey needs, made through the HTTP API as anybody would."""

from dataclasses import replace
from typing import Any

import httpx

from app.links.keyring import Keyring
from app.ops.installation import House

MARKS = Keyring.of([b"a secret of these tests, and of nothing else"]).marks  # of the erased

A_SERVER = "smtp://127.0.0.1:9?tls=none"  # nobody answers; what is launched is no rehearsal


def playing_server(house: House) -> House:
    """The same where the outbox plays a mail server: nothing that is sent is a rehearsal."""
    return replace(house, settings=house.settings.model_copy(update={"demo": True}))


DESIGN: dict[str, Any] = {
    "name": "Waste in euros by email",
    "hypothesis": {
        "believe": "Bakers act on waste when it is told in euros, for a share means little.",
        "verify": "Mail each baker last week's waste in euros.",
        "measure": "People who follow the link to their list within 72 hours.",
        "right_if": "We can say that more than 8 % do.",
    },
    "riskiest": "desirability",
    "arms": [
        {
            "key": "insight",
            "subject": "{{ name }}, {{ euros }} € a week",
            "preheader": "Your Tuesday rye",
            "body": "Hello {{ name }},\n\n{{ euros }} € of bread is thrown away each week."
            " [Show my list](https://halvern.example/list) or [ask us](https://halvern.example/ask).",
        }
    ],
    "metric": {"kind": "click_rate"},
    "rule": {"kind": "threshold", "threshold": 0.08},
    "guardrails": [{"metric": "unsubscribe_rate", "max": 0.01}],
}


def csv_of(count: int, *, without_euros: int = 0, at: str = "bakery.example") -> bytes:
    """People 1…count; the last `without_euros` of them lack the column that the mail names."""
    euros = [str(40 + number % 30) for number in range(count - without_euros)]
    euros += [""] * without_euros
    rows = [f"p{number}@{at},Baker {number},{money}" for number, money in enumerate(euros, start=1)]
    return "\n".join(["email,name,euros", *rows, ""]).encode()


def made(answer: httpx.Response) -> dict[str, Any]:
    """The object that a POST created."""
    assert answer.status_code in {200, 201, 202}, answer.text
    body = answer.json()
    assert isinstance(body, dict)
    return body
