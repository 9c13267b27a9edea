"""Tability: a value is a check-in of its day."""

from urllib.parse import quote

from app.outreach.connectors.ports import Connector, Need, Parcel, Request, as_json, number
from app.platform.outbound import Answer

_BASE = "https://api.tability.app/v2/workspaces"
_GREEN, _YELLOW = 7, 4  # of our 0..10; thirds, chosen by us


class Tability(Connector):
    """Confidence is a colour over there."""

    __slots__ = ()

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:  # noqa: ARG002 - nothing is read first
        """One check-in."""
        workspace = quote(parcel.settings["workspace"], safe="")
        outcome = quote(parcel.external["outcome_id"], safe="")
        checkin = {
            "score": number(parcel.value),
            "checkin_date": parcel.facts["date"],
            "body": parcel.comment,
            "confidence": _colour(parcel.facts.get("confidence")),
        }
        return Request(
            "POST",
            f"{_BASE}/{workspace}/outcomes/{outcome}/checkins",
            {
                "content-type": "application/json",
                "authorization": f"API {parcel.secrets['token']}",
            },
            as_json({"checkin": {k: v for k, v in checkin.items() if v is not None}}),
        )


def _colour(confidence: int | None) -> str | None:
    if confidence is None:
        return None
    return "green" if confidence >= _GREEN else "yellow" if confidence >= _YELLOW else "red"


CONNECTOR = Tability(
    kind="tability",
    label="Tability",
    needs=(Need("workspace", "Workspace"), Need("token", "API token", secret=True)),
    names=(Need("outcome_id", "Id of the outcome"),),
    keeps_days=True,
)
