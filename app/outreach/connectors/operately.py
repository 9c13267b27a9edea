"""Operately: a goal's target gets its value."""

from app.outreach.connectors.ports import (
    Connector,
    Need,
    Outcome,
    Parcel,
    Request,
    Verdict,
    as_json,
    body_of,
    by_status,
    number,
)
from app.platform.outbound import Answer


class Operately(Connector):
    """Says `{"success": true}`; a 200 without it is no success."""

    __slots__ = ()

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:  # noqa: ARG002 - nothing is read first
        """The target's value."""
        base = parcel.settings["base"].rstrip("/")
        return Request(
            "POST",
            f"{base}/api/external/v1/goals/update_target_value",
            {
                "content-type": "application/json",
                "authorization": f"Bearer {parcel.secrets['token']}",
            },
            as_json(
                {
                    "goal_id": parcel.external["goal_id"],
                    "target_id": parcel.external["target_id"],
                    "value": number(parcel.value),
                }
            ),
        )

    def read(self, answer: Answer, parcel: Parcel) -> Outcome:
        """The status, then the word in the body."""
        outcome = by_status(answer, now=parcel.now, label=self.label)
        if outcome.verdict is Verdict.DONE and body_of(answer).get("success") is not True:
            return Outcome(
                Verdict.STOP,
                "Operately answered, but not with success: check the goal and target ids,"
                " then replay.",
                answer.status,
            )
        return outcome


CONNECTOR = Operately(
    kind="operately",
    label="Operately",
    needs=(
        Need("base", "Address", default="https://app.operately.com"),
        Need("token", "API token", secret=True),
    ),
    names=(Need("goal_id", "Id of the goal"), Need("target_id", "Id of the target")),
)
