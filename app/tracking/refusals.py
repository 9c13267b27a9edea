"""What of HTTP is taken at all: limits, what a request must have, and what is said otherwise."""

from email.utils import format_datetime

from app.platform import clock
from app.tracking.edge import Asked
from app.tracking.responses import Answer

HEAD_SECONDS = 10.0  # from the connection, or the last answer, to the end of the next request
FETCH_SECONDS = 60.0  # in which a caller takes nothing of the answers
LINGER_SECONDS = 2.0  # what still comes after a refusal is thrown away, so that it can be read
ADDRESS_BYTES = 8_192  # four times the longest token
HEAD_BYTES = 65_536
HEADERS = 100
BODY_BYTES = 65_536  # of a GET, which nobody reads

REFUSALS = {
    status: Answer(status, (b"content-type", b"text/plain; charset=utf-8"), content=sentence)
    for status, sentence in (
        (400, b"This is no request that can be understood."),
        (413, b"The body of this request is too large."),
        (414, b"This address is too long."),
        (417, b"Send this request without a body."),
        (431, b"The head of this request is too large."),
        (505, b"Ask by HTTP/1.1."),
    )
}


def unacceptable(asked: Asked, version: str) -> int:
    """Why a request is refused that can be parsed (RFC 9112 leaves no choice); 0: it is not."""
    _, (lines, headers, _), _ = asked
    if len(lines) > HEADERS:
        return 431
    if len(lines) > len(headers) and [name for name, _ in lines].count(b"host") > 1:
        return 400
    if b"expect" in headers:
        return 417
    if version == "1.1":
        return 0 if b"host" in headers else 400
    if version == "1.0":
        return 400 if b"transfer-encoding" in headers else 0
    return 505


def refusal(status: int) -> bytes:
    """What is written before a connection ends whose request was not taken."""
    return REFUSALS[status].on_the_wire(date_line(), True, True)  # with its body, and closing


def date_line() -> bytes:
    """The present, as a `Date` header has it."""
    return format_datetime(clock.now(), usegmt=True).encode()
