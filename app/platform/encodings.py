"""Files that are not UTF-8: UTF-16 is turned into it, Windows-1252 is read line by line."""

import codecs
import re
from pathlib import Path

UTF_8 = "utf-8"
WINDOWS = "windows-1252"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PIECE = 1 << 20
_UTF_8_LETTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf](?![\x80-\xbf])|[\xe0-\xef][\x80-\xbf]{2}")


def make_plain(path: Path) -> str:
    """Rewrite a file in UTF-16, or with old Macintosh line ends; how it came."""
    with path.open("rb") as source:
        head = source.read(1 << 16)
    encoding = _MARKS.get(head[:2]) or _without_mark(head)
    if encoding:
        _rewrite(path, encoding)
        return encoding[:6]
    if b"\r" in head and b"\n" not in head:
        _end_lines(path)
    return UTF_8


def text_of(raw: bytes) -> str:
    """A small file as text, in whichever of these encodings it came.

    Raises UnicodeDecodeError where it is none of them.
    """
    encoding = _MARKS.get(raw[:2]) or _without_mark(raw)
    if encoding:
        return raw.decode(encoding).removeprefix("\ufeff")
    return decoded(raw)[0].removeprefix("\ufeff")


def decoded(raw: bytes) -> tuple[str, str | None]:
    """A line as text, and the encoding that it was in where that is not UTF-8.

    Raises UnicodeDecodeError where it is neither: a damaged line of UTF-8 is no Windows-1252.
    """
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        if _UTF_8_LETTER.search(raw):
            raise
        return raw.decode("cp1252"), WINDOWS


def _without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin letters: every other byte is nought."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[start : 2 * pairs : 2].count(0) > 0.7 * pairs and 0 not in head[1 - start : 40 : 2]:
            return encoding
    return None


def _rewrite(path: Path, encoding: str) -> None:
    """In pieces; the new file takes the old one's place when it is whole."""
    decode = codecs.getincrementaldecoder(encoding)(errors="replace")
    written = path.with_suffix(".utf8")
    with path.open("rb") as source, written.open("wb") as target:
        while piece := source.read(_PIECE):
            target.write(decode.decode(piece).removeprefix("\ufeff").encode())
        target.write(decode.decode(b"", final=True).encode())
    written.replace(path)


def _end_lines(path: Path) -> None:
    written = path.with_suffix(".lines")
    with path.open("rb") as source, written.open("wb") as target:
        while piece := source.read(_PIECE):
            target.write(piece.replace(b"\r", b"\n"))
    written.replace(path)
