"""The picture in a verdict's mail: what was measured, its range, and the line."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.delivery.mail.pictures import Picture
from app.experiments.models import Experiment
from app.outreach.week_text import Part
from app.platform import figures
from app.platform.pictures.drawing import drawn
from app.platform.pictures.raster import has_letters, png
from app.platform.pictures.standing import standing

_KINDS = {"validated": "better", "refuted": "worse", "inconclusive": "caution"}


def picture_of(experiment: Experiment, facts: Mapping[str, Any]) -> Picture | None:
    """None where there is no share yet, or where the machine has no letters for its words."""
    known = [one for one in facts.get("estimates") or () if one["rate"] is not None]
    if not known or max(one["rate"] for one in known) > 1 or not has_letters():
        return None
    line = experiment.design["rule"].get("threshold")
    says = _says(known, line)
    picture = _against(known[0], line, facts["call"]) if line and len(known) == 1 else _each(known)
    return Picture(png(standing(picture, title=experiment.name, notes=[says])), says)


def in_numbers(estimates: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """The same as a table: each version with its people, share and interval."""
    lines = tuple(
        f"{one['arm']}: {figures.count(one['hits'])} of {figures.people(one['people'])},"
        f" {figures.share(one['rate'])} ({figures.share(one['low'])} to"
        f" {figures.share(one['high'])})"
        for one in estimates
        if one["rate"] is not None and one["people"]
    )
    return (Part("In numbers", lines),) if lines else ()


def _against(one: Mapping[str, Any], line: float, call: str) -> str:
    scale = figures.axis_end(max(1.5 * line, min(1.15 * one["high"], 2.5 * one["rate"])))
    kind = _KINDS.get(call, "plain")
    return drawn("interval", one["low"], one["rate"], one["high"], line, scale, kind, "")


def _each(known: Sequence[Mapping[str, Any]]) -> str:
    scale = figures.axis_end(max(min(one["high"], 2.5 * one["rate"]) for one in known))
    rows = [(one["arm"], one["low"], one["rate"], one["high"]) for one in known]
    return drawn("shares", rows, scale)


def _says(known: Sequence[Mapping[str, Any]], line: float | None) -> str:
    """In words: for whoever does not see it."""
    said = [
        f"{one['arm']}: {figures.share(one['rate'])} of {figures.people(one['people'])},"
        f" between {figures.share(one['low'])} and {figures.share(one['high'])}."
        for one in known
    ]
    return " ".join([*said, *([f"Your line is at {figures.limit(line)}."] if line else [])])
