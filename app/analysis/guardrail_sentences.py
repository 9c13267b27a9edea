"""What is said of the harms that are watched."""

from app.analysis.readout_types import Guardrail
from app.platform import figures

HARMS = {
    "unsubscribe_rate": ("unsubscribed", "delivered"),
    "complaint_rate": ("complained", "delivered"),
    "bounce_rate": ("bounced", "attempted"),
}
PROVEN = {"safe": "safe", "breached": "breached", "unknown": "not proven yet"}


def of_guardrail(guardrail: Guardrail) -> str:
    """What a guardrail counted, against its limit."""
    did, of_whom = HARMS[guardrail.metric]
    return (
        f"{figures.count(guardrail.hits)} of {figures.count(guardrail.people)} {of_whom}"
        f" ({figures.share(guardrail.rate or 0)}) {did}; at most {figures.limit(guardrail.max)} was"
        " allowed"
    )


def of_watched(guardrail: Guardrail, *, of_arm: str) -> str:
    """The same as a fact of its own; it names the version where there are several."""
    name = guardrail.metric.replace("_", " ").capitalize()
    whose = f" of “{of_arm}”" if of_arm else ""
    return f"{name}{whose}: {of_guardrail(guardrail)} ({PROVEN[guardrail.state]})."


def harm(breached: tuple[Guardrail, ...]) -> str:
    """Which guardrails are breached, by what."""
    return "a guardrail is breached: " + "; ".join(
        f"{guardrail.metric.replace('_', ' ')} of “{guardrail.arm}” is over its limit:"
        f" {of_guardrail(guardrail)}"
        for guardrail in breached
    )
