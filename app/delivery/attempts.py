"""The sender's journal: who was attempted, and what the server said, before it is a row.

A line names a send and which of its reservations it is about: the reply to an earlier try is
nobody's answer to a later one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from app.delivery.replies import Reply, Stage, shortened
from app.platform import journal
from app.platform.journal import Segment

Try = tuple[int, int]  # a send's id, and the number of its reservation


@dataclass
class Trace:
    """What one dead process left: which reservations it attempted, and the replies that it had."""

    attempted: dict[Try, str] = field(default_factory=dict)  # at which relay
    replied: dict[Try, tuple[Reply, datetime, str]] = field(default_factory=dict)


def attempt_line(number: Try, relay: str) -> bytes:
    """The relay is about to hear this mail."""
    return b'{"k":"attempt","id":%d,"n":%d,"r":%s}' % (*number, _written(relay))


def reply_line(number: Try, reply: Reply, *, at: datetime, relay: str) -> bytes:
    """The relay said this."""
    return _line(
        k="reply",
        id=number[0],
        n=number[1],
        r=relay,
        at=at.isoformat(),
        code=reply.code,
        stage=reply.stage,
        text=shortened(reply.text),
    )


def trace_of(segments: Iterable[Segment]) -> Trace:
    """Read what one process wrote, in whatever order its segments come."""
    trace = Trace()
    for segment in segments:
        for _, payload in journal.lines(segment, 0):
            line = json.loads(payload)
            number = (line["id"], line["n"])
            if line["k"] == "attempt":
                trace.attempted[number] = line.get("r", "")  # of an earlier version: not said
            elif line["k"] == "reply":
                reply = Reply(line["code"], line["text"], Stage(line["stage"]))
                at = datetime.fromisoformat(line["at"])
                trace.replied[number] = (reply, at, line.get("r", ""))
    return trace


@lru_cache(maxsize=64)
def _written(relay: str) -> bytes:
    return json.dumps(relay).encode()


def _line(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
