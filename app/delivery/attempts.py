"""The sender's journal: who was attempted, and what the server said, before it is a row."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from app.delivery.replies import Reply, Stage
from app.platform import journal


@dataclass
class Trace:
    """What one dead process left: which sends it attempted, and the replies that it had."""

    attempted: set[int] = field(default_factory=set)
    replied: dict[int, tuple[Reply, datetime]] = field(default_factory=dict)


def holder_line(holder: str) -> bytes:
    """A process says who it is, before it reserves anything."""
    return _line(k="holder", h=holder)


def attempt_line(holder: str, send_id: int) -> bytes:
    """The server is about to hear this mail."""
    return _line(k="attempt", h=holder, id=send_id)


def reply_line(holder: str, send_id: int, reply: Reply, *, at: datetime) -> bytes:
    """The server said this."""
    return _line(
        k="reply",
        h=holder,
        id=send_id,
        at=at.isoformat(),
        code=reply.code,
        stage=reply.stage,
        text=reply.text,
    )


def traces(segments: Iterable[journal.Segment]) -> dict[str, Trace]:
    """Read segments of dead processes, by holder."""
    found: dict[str, Trace] = {}
    for segment in segments:
        for line in _lines(segment):
            trace = found.setdefault(line["h"], Trace())
            if line["k"] == "attempt":
                trace.attempted.add(line["id"])
                trace.replied.pop(line["id"], None)  # an earlier try's
            elif line["k"] == "reply":
                reply = Reply(line["code"], line["text"], Stage(line["stage"]))
                trace.replied[line["id"]] = (reply, datetime.fromisoformat(line["at"]))
    return found


def dead(folder: Path) -> list[journal.Segment]:
    """The segments whose process is gone, oldest first."""
    return [segment for segment in journal.segments(folder) if not segment.alive]


def _lines(segment: journal.Segment) -> Iterator[dict[str, Any]]:
    for _, payload in journal.lines(segment, 0):
        yield json.loads(payload)


def _line(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
