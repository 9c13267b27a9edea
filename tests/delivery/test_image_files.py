"""An image is known by its bytes, keeps its pixels, and tells nothing of its maker."""

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
    ],
)
def test_what_is_none_says_what_to_do(raw: bytes, said: str):
    with pytest.raises(Invalid, match=said):
        image_files.read(raw)
