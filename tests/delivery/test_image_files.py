"""An image is known by its bytes, keeps its pixels, and tells nothing of its maker."""

import time
from collections.abc import Callable

import pytest

from app.delivery import image_files
from app.platform.errors import Invalid
from tests.delivery.images_drawn import SECRET, gif, jpeg, png, webp

KINDS: dict[str, tuple[Callable[[], bytes], int, int]] = {
    "png": (png, 4, 3),
    "jpeg": (jpeg, 8, 6),
    "gif": (gif, 1, 1),
    "webp": (webp, 8, 6),
}


def _headed_twice() -> bytes:
    """A PNG whose first header says less than the one that programs may believe."""
    small, large = png(1, 1), png(9_999, 1)
    return small[:33] + large[8:33] + small[33:]


def _without_pixels_png() -> bytes:
    whole = png()
    start = whole.index(b"IDAT") - 4
    return whole[:start] + whole[whole.index(b"IEND") - 4 :]


def _webp(*parts: bytes) -> bytes:
    """By turns a chunk's name and what is in it."""
    pairs = zip(parts[::2], parts[1::2], strict=True)
    body = b"WEBP" + b"".join(name + len(one).to_bytes(4, "little") + one for name, one in pairs)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_by_its_bytes_and_tells_nothing(kind: str):
    make, wide, high = KINDS[kind]
    found = image_files.read(make())

    assert (found.kind, found.width, found.height) == (kind, wide, high)
    assert SECRET in make()
    assert SECRET not in found.body
    assert image_files.read(found.body) == found


@pytest.mark.parametrize("kind", KINDS)
def test_cut_anywhere_it_is_refused_or_whole(kind: str):
    whole = image_files.read(KINDS[kind][0]()).body
    for end in range(len(whole)):
        with pytest.raises(Invalid):
            image_files.read(whole[:end])


def test_how_a_photograph_lies_is_kept():
    lying, upright = image_files.read(jpeg(6)).body, image_files.read(jpeg(1)).body

    assert lying[4:12] == b"\0\x22Exif\0\0"
    assert lying[2:4] == b"\xff\xe1"
    assert b"\x01\x12\0\x03\0\0\0\x01\0\x06" in lying
    assert b"Exif" not in upright


def test_moving_pictures_keep_moving():
    kept = image_files.read(gif()).body

    assert b"NETSCAPE2.0" in kept
    assert kept.count(b"\x21\xf9") == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "It is no PNG, JPEG, GIF or WebP"),
        (b"", "It is no PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (image_files.MOST_BYTES + 1), "KB are the most"),
        (png(4097, 1), "4,096 are the most on either side"),
        (png().replace(b"IDAT", b"IDAU"), "damaged"),
        (_without_pixels_png(), "damaged"),
        (_headed_twice(), "damaged"),
        (b"\xff\xd8\xff\xc0\0\x08\x08\0\x06\0\x08\xff\xd9", "damaged"),
        (b"GIF89a\x01\0\x01\0\0\0\0;", "damaged"),
        (gif().replace(b",\0\0\0\0\x01\0", b",\0\0\0\0\xff\xff"), "65535 × 1 pixels"),
        (_webp(b"VP8X", b"\0" * 10), "damaged"),
        (webp().replace(b"\x07\0\0\x05\0\0", b"\xff\xff\xff\x05\0\0"), "16777216 × 6 pixels"),
        (_webp(b"VP8X", b"\0" * 10, b"ANMF", b"\0" * 6 + b"\xff\xff\xff" + b"\0" * 7),
         "16777216 × 1 pixels"),
    ],
)  # fmt: skip
def test_what_is_none_says_what_to_do(raw: bytes, said: str):
    with pytest.raises(Invalid, match=said):
        image_files.read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        jpeg()[:2] + b"\xff\xe0\0\x25JFXX\0" + SECRET.ljust(30) + jpeg()[2:],
        jpeg()[:2] + b"\xff\xee\0\x25Adobe" + SECRET.ljust(30) + jpeg()[2:],
        jpeg()[:2] + b"\xff\xf0\0\x20" + SECRET.ljust(30) + jpeg()[2:],
        gif().replace(b"\x03\x01\0\0\0", b"\x03\x01\0\0\x1c" + SECRET + b"\0"),
    ],
)
def test_nothing_is_told_where_programs_look_for_something_else(raw: bytes):
    assert SECRET not in image_files.read(raw).body


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xd8\xff" + b"\xff" * 300_000,
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 50_000,
        b"\xff\xd8" + b"\xff\xda\0\x02" * 50_000,
        b"GIF89a\x01\0\x01\0\0\0\0" + b"!\xfe\0" * 50_000,
        b"RIFF\xff\xff\x02\0WEBP" + b"EXIF\0\0\0\0" * 30_000,
    ],
    ids=["fill", "comments", "scans", "blocks", "chunks"],
)
def test_it_takes_as_long_as_its_bytes(raw: bytes):
    begun = time.process_time()
    with pytest.raises(Invalid):
        image_files.read(raw)

    assert time.process_time() - begun < 0.6
