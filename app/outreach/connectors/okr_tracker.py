"""okr-tracker (Oslo kommune): a value a day, as `PUT /keyres/{id}/values/{date}`."""

from urllib.parse import quote

from app.outreach.connectors.ports import Connector, Need, Parcel, Refused, Request, as_json, number
from app.platform.outbound import Answer


class OkrTracker(Connector):
    """Values carry their day; a value below 0 is refused over there."""

    __slots__ = ()

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:  # noqa: ARG002 - nothing is read first
        """The value of its day."""
        if parcel.value < 0:
            raise Refused(
                f"okr-tracker takes no value below 0, and this one is {number(parcel.value)}."
                " It was not pushed; the next value will be."
            )
        place = f"keyres/{quote(parcel.external['key_result_id'], safe='')}"
        return Request(
            "PUT",
            f"{parcel.settings['base'].rstrip('/')}/{place}/values/{parcel.facts['date']}",
            {
                "content-type": "application/json",
                "x-api-key": parcel.secrets["api_key"],
                "okr-client-id": parcel.settings["client_id"],
                "okr-client-secret": parcel.secrets["client_secret"],
            },
            as_json({"value": number(parcel.value), "comment": parcel.comment}),
        )


CONNECTOR = OkrTracker(
    kind="okr_tracker",
    label="okr-tracker",
    needs=(
        Need("base", "Address of its API"),
        Need("client_id", "Client id"),
        Need("api_key", "API key", secret=True),
        Need("client_secret", "Client secret", secret=True),
    ),
    names=(Need("key_result_id", "Id of the key result"),),
    keeps_days=True,
)
