"""Small images with what photographs tell beside their pixels, made here."""

import struct
import zlib
from base64 import b64decode

SECRET = b"Ann Example, 59.91 N 10.75 E"

# Eight by six pixels, as a browser writes them from a canvas.
_JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWG"
    "kJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
    "pKSkpKSkpKSkpKSkpKT/wAARCAAGAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAcEAABBAMBAAAAAAAA"
    "AAAAAAABAAIDEQQhkRL/xAAVAQEBAAAAAAAAAAAAAAAAAAAEBf/EABURAQEAAAAAAAAAAAAAAAAAAAAR/9oADAMBAAIRAxEA"
    "PwCV0kRx2sENSg2ZPR2N6rnEREdUj//Z"
)
_LOSSY = b64decode(
    "sAEAnQEqCAAGAAQAaCWwAnQBFjmfwAD2vtKM8hY8xn0Iv7lJDPTpqoc547SZ1xc2RFH+reoMFu4v/EF/EFYAAA=="
)


def png(wide: int = 4, high: int = 3, *, red: int = 179) -> bytes:
    """One colour, with its maker's name in it and behind it."""
    rows = (b"\0" + bytes((red, 38, 30)) * wide) * high
    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", head), (b"tEXt", b"Author\0" + SECRET), (b"eXIf", b"MM\0*" + SECRET),
        (b"IDAT", zlib.compress(rows)), (b"IEND", b""),
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in chunks) + SECRET


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg(orientation: int = 6) -> bytes:
    """A photograph that lies on its side, with the place where it was taken."""
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entries + b"\0\0\0\0" + SECRET
    return _JPEG[:2] + _segment(0xE1, exif) + _segment(0xFE, SECRET) + _JPEG[2:] + SECRET


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def gif() -> bytes:
    """Two frames that repeat, with a comment."""
    frame = b"!\xf9\x04\0\x0a\0\0\0" + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    loop = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    comment = b"!\xfe" + bytes((len(SECRET),)) + SECRET + b"\0"
    head = b"GIF89a\x01\0\x01\0\x80\0\0\xb3\x26\x1e\xff\xff\xff"
    return head + loop + comment + frame + frame + b";" + SECRET


def webp() -> bytes:
    """With EXIF and XMP behind its pixels, and the flags that say so."""
    flags = struct.pack("<I", 0b0000_1100) + b"\x07\0\0" + b"\x05\0\0"
    chunks = ((b"VP8X", flags), (b"VP8 ", _LOSSY), (b"EXIF", SECRET), (b"XMP ", SECRET))
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(one)) + one + b"\0" * (len(one) & 1) for name, one in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body
