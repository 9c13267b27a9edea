"""What the launch page says of mails besides how they look."""

from dataclasses import replace

import pytest

from app.delivery.mail.compose import compose_arm
from app.web.experiments.real_mails import comes_and_goes
from tests.delivery.mail.test_compose import HEAD
from tests.delivery.scenes import ARM

BODY = (
    "[a](https://halvern.example/a) [b](https://halvern.example/b) [yes](answer:)"
    " [halvern.example](https://elsewhere.example/{{ name }}) [m](mailto:a@b.example)"
)


@pytest.mark.parametrize(
    ("named", "body", "says"),
    [
        (
            {"from_name": "Ann <ann@halvern.example>", "reply_to": "x@elsewhere.example"},
            BODY,
            (
                "From Ann <ann@halvern.example> <a@b.example>; answers go to x@elsewhere.example;"
                " links lead to halvern.example, a page here, elsewhere.example."
            ),
        ),
        (
            {"from_name": "", "reply_to": None, "replies_to": ""},
            "Hello",
            "From a@b.example; answers go to a@b.example; no link is counted.",
        ),
        (
            {"from_name": "", "reply_to": None, "replies_to": "replies@b.example"},
            "Hello",
            "From a@b.example; answers go to whoever launches it; no link is counted.",
        ),
    ],
)
def test_from_whom_to_whom_and_where_it_leads(named: dict[str, str | None], body: str, says: str):
    head = replace(HEAD, **{"from_address": "a@b.example"} | named)  # type: ignore[arg-type]
    arm = compose_arm(ARM | {"body": body}, head=head, hidden_address="https://trap.example/")

    assert comes_and_goes(arm) == says
