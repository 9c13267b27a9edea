"""ClickUp: a key result's current steps, with a note."""

from urllib.parse import quote

from app.outreach.connectors.ports import Connector, Need, Parcel, Request, as_json, number
from app.platform.outbound import Answer


class ClickUp(Connector):
    """Its token stands in the header alone, without `Bearer`."""

    __slots__ = ()

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:  # noqa: ARG002 - nothing is read first
        """Where it stands now."""
        key_result = quote(parcel.external["key_result_id"], safe="")
        return Request(
            "PUT",
            f"https://api.clickup.com/api/v2/key_result/{key_result}",
            {"content-type": "application/json", "authorization": parcel.secrets["token"]},
            as_json({"steps_current": number(parcel.value), "note": parcel.comment}),
        )


CONNECTOR = ClickUp(
    kind="clickup",
    label="ClickUp",
    needs=(Need("token", "API token", secret=True),),
    names=(Need("key_result_id", "Id of the key result"),),
)
