"""One file per system that is told, all of one shape (`ports.Connector`)."""

from collections.abc import Mapping

from app.outreach.connectors import (
    asana,
    clickup,
    okr_tracker,
    operately,
    slack,
    tability,
    webhook,
)
from app.outreach.connectors.ports import Connector

KINDS: Mapping[str, Connector] = {
    one.kind: one
    for one in (
        webhook.CONNECTOR,
        okr_tracker.CONNECTOR,
        operately.CONNECTOR,
        tability.CONNECTOR,
        asana.CONNECTOR,
        clickup.CONNECTOR,
        slack.CONNECTOR,
    )
}
