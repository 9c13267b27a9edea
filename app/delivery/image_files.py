"""An uploaded image: known by its bytes, and kept without what it tells of whoever made it.

Its pixels stay as they are. Left out are cameras, places, names, comments and whatever follows the
image's end: PNG's text chunks (PNG, third edition, 11.3), JPEG's APP and COM segments (ITU T.81,
B.2.4; ICC profiles and Adobe's transform are kept, for colours hang on them), GIF's comments and
applications (GIF89a, 24 and 26, but loops), WebP's EXIF and XMP (RFC 9649, 2.7.1.5). How a
photograph lies is kept, and nothing else of its EXIF.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.platform import figures
from app.platform.errors import Invalid

MOST_BYTES: Final = 2_000_000
_MOST_SIDE: Final = 4_096  # pixels
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs acTL fcTL fdAT".split()
)
_WEBP_KEPT: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_PIXELS: Final = frozenset((b"VP8 ", b"VP8L", b"ANMF"))
_LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_LOOP_BYTES: Final = 19  # with how often, and nothing behind that
_NO_TELLING: Final = 0b1111_0011  # of WebP's flags: neither EXIF nor XMP
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JFIF_BYTES: Final = 14  # of what stands behind its length (ITU T.871, 10.1)
_ADOBE_BYTES: Final = 12
_MARKER = re.compile(rb"\xff(?![\x00\xd0-\xd7\xff])")
_ORIENTATION: Final = 0x0112


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image as it is kept. `kind` is png, jpeg, gif or webp; sides are in pixels."""

    kind: str
    width: int
    height: int
    body: bytes


def read(raw: bytes) -> ImageFile:
    """What an upload is. Raises Invalid for what is none of the four, is damaged or too large."""
    if len(raw) > MOST_BYTES:
        raise _wrong(
            f"It has {figures.count(len(raw) // 1000)} KB; {figures.count(MOST_BYTES // 1000)} KB"
            " are the most. Save it smaller: a mail shows 600 pixels, 1200 are sharp everywhere."
        )
    try:
        found = _read(raw)
    except (IndexError, struct.error, _DamagedError):
        raise _wrong("It is damaged, or not whole. Save it anew, and choose it again.") from None
    if not (0 < found.width <= _MOST_SIDE and 0 < found.height <= _MOST_SIDE):
        raise _wrong(
            f"It is {found.width} × {found.height} pixels; {figures.count(_MOST_SIDE)} are the most"
            " on either side. Save it smaller."
        )
    return found


class _DamagedError(Exception):
    """It is no such file."""


def _wrong(sentence: str) -> Invalid:
    return Invalid.at("file", sentence)


def _read(raw: bytes) -> ImageFile:
    if raw.startswith(_PNG):
        return _png(raw)
    if raw.startswith(b"\xff\xd8\xff"):
        return _jpeg(raw)
    if raw[:6] in {b"GIF87a", b"GIF89a"}:
        return _gif(raw)
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return _webp(raw)
    raise _wrong("It is no PNG, JPEG, GIF or WebP, which are what mail programs show.")


def _png(raw: bytes) -> ImageFile:
    kept, at, name = [_PNG], len(_PNG), b""
    first, width, height = struct.unpack_from(">4sII", raw, 12)
    names = set[bytes]()
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", raw, at)
        whole = raw[at : at + 12 + length]
        if len(whole) < 12 + length or zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:]):
            raise _DamagedError
        if name == b"IHDR" and names:
            raise _DamagedError
        names.add(name)
        if name in _PNG_KEPT:
            kept.append(whole)
        at += len(whole)
    if first != b"IHDR" or b"IDAT" not in names:
        raise _DamagedError
    return ImageFile("png", width, height, b"".join(kept))


def _jpeg(raw: bytes) -> ImageFile:
    kept, sides, lies, has_scan = [raw[:2]], (0, 0), b"", False
    for marker, whole in _segments(raw):
        body = whole[4:]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
            sides = _largest(sides, (width, height))
        has_scan = has_scan or marker == 0xDA
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            lies = _lying(_orientation(body[6:]))
        if _is_kept(marker, body):
            kept.append(whole)
    if not has_scan:
        raise _DamagedError
    kept[1:1] = [lies] if lies else []
    return ImageFile("jpeg", *sides, b"".join(kept))


def _segments(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Each segment with its marker; a scan with what it codes."""
    at = 2
    while True:
        while raw[at + 1] == 0xFF:
            at += 1
        marker = raw[at + 1]
        if raw[at] != 0xFF:
            raise _DamagedError
        if marker == 0xD9:
            yield marker, raw[at : at + 2]
            return
        end = at + 2 if marker in _ALONE else at + 2 + int.from_bytes(raw[at + 2 : at + 4])
        if marker == 0xDA:
            following = _MARKER.search(raw, end)
            if following is None:
                raise _DamagedError
            end = following.start()
        if end > len(raw) or end < at + 2:
            raise _DamagedError
        yield marker, raw[at:end]
        at = end


def _is_kept(marker: int, body: bytes) -> bool:
    if not 0xE0 <= marker <= 0xEF:
        return 0xC0 <= marker <= 0xDF  # tables, frames and scans: no comment, nothing reserved
    if marker == 0xE0:
        return body.startswith(b"JFIF\0") and len(body) <= _JFIF_BYTES  # without a small image
    return (marker == 0xEE and body.startswith(b"Adobe") and len(body) <= _ADOBE_BYTES) or (
        marker == 0xE2 and body.startswith(b"ICC_PROFILE\0")
    )


def _orientation(tiff: bytes) -> int:
    """How a photograph lies, by TIFF's tag; 1 is upright."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    first = struct.unpack_from(f"{order}I", tiff, 4)[0]
    for entry in range(struct.unpack_from(f"{order}H", tiff, first)[0]):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * entry)
        if tag == _ORIENTATION:
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _lying(orientation: int) -> bytes:
    """An EXIF segment that says this alone."""
    if orientation == 1:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    body = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _gif(raw: bytes) -> ImageFile:
    *sides, packed = struct.unpack_from("<HHB", raw, 6)
    largest, has_frame = (sides[0], sides[1]), False
    at = 13 + _palette(packed)
    kept = [raw[:at]]
    while raw[at] != 0x3B:
        end = _end_of_block(raw, at)
        is_known = raw[at + 1] == 0xF9 or raw[at + 3 : at + 14] in _LOOPS
        is_told = raw[at] == 0x21 and not (is_known and end - at <= _LOOP_BYTES)
        if raw[at] == 0x2C:
            left, top, width, height = struct.unpack_from("<4H", raw, at + 1)
            largest, has_frame = _largest(largest, (left + width, top + height)), True
        if not is_told:
            kept.append(raw[at:end])
        at = end
    if not has_frame:
        raise _DamagedError
    return ImageFile("gif", *largest, b"".join((*kept, b";")))


def _largest(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Whatever of a file a program believes, it finds no more pixels than that."""
    return max(one[0], other[0]), max(one[1], other[1])


def _palette(packed: int) -> int:
    return 3 << (1 + (packed & 7)) if packed & 0x80 else 0


def _end_of_block(raw: bytes, at: int) -> int:
    if raw[at] == 0x21:
        end = at + 2
    elif raw[at] == 0x2C:
        end = at + 11 + _palette(raw[at + 9])
    else:
        raise _DamagedError
    while size := raw[end]:
        end += 1 + size
    return end + 1


def _webp(raw: bytes) -> ImageFile:
    end = 8 + struct.unpack_from("<I", raw, 4)[0]
    kept, at, sides, names = [], 12, (0, 0), set[bytes]()
    if end > len(raw):
        raise _DamagedError
    raw = raw[:end]
    while at < end:
        name, length = struct.unpack_from("<4sI", raw, at)
        whole = raw[at : at + 8 + length + (length & 1)]
        if len(whole) < 8 + length:
            raise _DamagedError
        names.add(name)
        sides = _largest(sides, _webp_sides(name, whole[8:]))
        if name == b"VP8X":
            whole = whole[:8] + bytes([whole[8] & _NO_TELLING]) + whole[9:]
        if name in _WEBP_KEPT:
            kept.append(whole)
        at += len(whole)
    if not names & _WEBP_PIXELS:
        raise _DamagedError
    body = b"WEBP" + b"".join(kept)
    return ImageFile("webp", *sides, b"RIFF" + struct.pack("<I", len(body)) + body)


def _webp_sides(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"ANMF":  # a frame: where it lies, in steps of two pixels, and its sides
        x, y, wide, high = (int.from_bytes(body[at : at + 3], "little") for at in (0, 3, 6, 9))
        return 2 * x + 1 + wide, 2 * y + 1 + high
    if name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0
