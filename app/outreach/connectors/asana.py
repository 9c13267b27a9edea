"""Asana goals: the metric's current number, where Asana does not count it by itself."""

from urllib.parse import quote

from app.outreach.connectors.ports import (
    Connector,
    Need,
    Parcel,
    Refused,
    Request,
    as_json,
    body_of,
    number,
)
from app.platform.outbound import Answer

_BASE = "https://app.asana.com/api/1.0/goals"
_OURS = {"manual", "external"}  # progress that may be written from outside


class Asana(Connector):
    """Reads `progress_source` first; percent is a fraction over there."""

    __slots__ = ()

    def look(self, parcel: Parcel) -> Request:
        """Where the goal's progress comes from."""
        return Request("GET", f"{_goal(parcel)}?opt_fields=metric", _headers(parcel), None)

    def write(self, parcel: Parcel, looked: Answer | None) -> Request:
        """The current number, as Asana writes it."""
        metric = (body_of(looked) if looked else {}).get("data", {}).get("metric") or {}
        source = metric.get("progress_source")
        if source not in _OURS:
            raise Refused(
                f"Asana counts this goal by itself (progress source: {source or 'none'})."
                " Set it to manual or external in Asana, then replay."
            )
        is_share = parcel.facts.get("unit") == "percent" or metric.get("unit") == "percentage"
        value = round(parcel.value / 100, 12) if is_share else parcel.value
        return Request(
            "POST",
            f"{_goal(parcel)}/setMetricCurrentValue",
            _headers(parcel) | {"content-type": "application/json"},
            as_json({"data": {"current_number_value": number(value)}}),
        )


def _goal(parcel: Parcel) -> str:
    return f"{_BASE}/{quote(parcel.external['goal_gid'], safe='')}"


def _headers(parcel: Parcel) -> dict[str, str]:
    return {"authorization": f"Bearer {parcel.secrets['token']}"}


CONNECTOR = Asana(
    kind="asana",
    label="Asana",
    needs=(Need("token", "Personal access token", secret=True),),
    names=(Need("goal_gid", "Gid of the goal"),),
)
