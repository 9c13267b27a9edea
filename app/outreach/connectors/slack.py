"""Slack and whatever takes its incoming webhooks (Mattermost, Rocket.Chat): a text to a channel."""

from app.outreach.connectors.ports import Connector, Need, Parcel, Request, as_json
from app.platform.outbound import Answer


class Slack(Connector):
    """The address is the secret."""

    __slots__ = ()

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:  # noqa: ARG002 - nothing is read first
        """The text with its link; `&`, `<` and `>` are escaped as Slack asks."""
        text = str(parcel.facts["text"])
        for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, written)
        if parcel.facts.get("link"):
            text += f"\n<{parcel.facts['link']}|{parcel.facts['label']}>"
        headers = {"content-type": "application/json"}
        return Request("POST", parcel.secrets["url"], headers, as_json({"text": text}))


CONNECTOR = Slack(
    kind="slack",
    label="Slack",
    needs=(Need("url", "Address of the incoming webhook", secret=True),),
)
