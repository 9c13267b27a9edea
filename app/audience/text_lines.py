"""Physical lines of a file as text, counting bytes, so that reading can begin again anywhere."""

import csv
from typing import IO

from app.platform import encodings
from app.platform.errors import Invalid

LONGEST_LINE = 1 << 20  # bytes; a line beyond it is no person
_LONGEST_RECORD = 1 << 18  # bytes that a cell's line breaks may add to a record before it is one
_MOST_LINES = 1000  # of one record: a quote that never closes must not swallow the file
BOM = b"\xef\xbb\xbf"


class BadFile(Invalid):
    """Nothing of this file can be read; the sentence says why and what to do."""


class RunsOn(csv.Error):
    """A record that would not end."""


class Lines:
    """Lines from where the source stands. Those of the record being read are kept in `taken`."""

    def __init__(self, source: IO[bytes], line: int) -> None:
        self.source = source
        self.number = line
        self.offset = source.tell()
        self.begin()

    def begin(self) -> None:
        """The next record begins here."""
        self.taken: list[str] = []
        self.wrong: str | None = None
        self.encoding = encodings.UTF_8
        self._second = (self.offset, self.number)

    def keep_only_first(self) -> None:
        """The record did not end as it should: what follows its first line is read on its own."""
        self.offset, self.number = self._second
        self.source.seek(self.offset)
        self.taken = self.taken[:1]

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self.taken and self._runs_on():
            raise RunsOn("a cell in quotes does not end")
        raw = self.source.readline(LONGEST_LINE)
        if not raw:
            raise StopIteration
        self.number += 1
        self.offset += len(raw)
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            self.wrong = "the line is longer than 1 MB"
            self._skip_rest()
        self._refuse_binary(raw)
        if not self.taken:
            self._second = (self.offset, self.number)
        text = self._decoded(raw)
        self.taken.append(text)
        return text if self.wrong is None else "\n"

    def _runs_on(self) -> bool:
        return len(self.taken) >= _MOST_LINES or self.offset - self._second[0] > _LONGEST_RECORD

    def _refuse_binary(self, raw: bytes) -> None:
        if b"\0" in raw:
            raise BadFile(
                f"This is not a text file: line {self.number} holds a NUL byte. "
                "Export the people as CSV (UTF-8) and try again."
            )

    def _skip_rest(self) -> None:
        while more := self.source.readline(LONGEST_LINE):
            self.offset += len(more)
            if more.endswith(b"\n"):
                return

    def _decoded(self, raw: bytes) -> str:
        try:
            text, encoding = encodings.decoded(raw)
        except UnicodeDecodeError:
            self.wrong = self.wrong or "damaged: neither UTF-8 nor Windows-1252"
            return raw.decode("latin-1")
        self.encoding = encoding or self.encoding
        return text
