"""Answers of a connection that are not sent yet."""

from app.tracking.responses import Answer

MOST_WAITING = 256  # answers that one connection may wait for before no more is read


class Waiting:
    """An answer that must not leave yet: for its hit is not kept, or another comes before it."""

    __slots__ = ("answer", "closes", "end", "with_body")

    def __init__(self, with_body: bool, closes: bool) -> None:  # noqa: FBT001 - made for each click
        self.answer: Answer | None = None  # None until it may leave
        self.end = 0  # of its line, in its turn of the journal
        self.with_body = with_body
        self.closes = closes
