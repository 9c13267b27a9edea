"""One tar file that shows every change of a byte: each part has its checksum, the whole its seal.

The manifest names each part with its size and SHA-256; the seal behind it is the SHA-256 of all
that comes before. Nothing behind the seal but zeros. A seal keeps from damage, not from somebody
who makes a file of their own.
"""

import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from app.platform.errors import AppError
from app.platform.foreign import NotJson, read_json

_FIRST, _MANIFEST, _SEAL = "thinslice-backup", "manifest.json", "seal.json"
_FORMAT = b"1\n"  # what stands in the first part; another number is another format
_PIECE = 2**20
_LARGEST_CHUNK = 2**28  # bytes that one packed part may come to: rows are a few megabytes
_LARGEST_WORDS = 2**24  # of manifest and seal
_PLAIN = r"(?!\.\.?(?:/|$))[^/\\\x00-\x1f]+"  # a name that leads nowhere else
_NAME = re.compile(rf"{_PLAIN}(?:/{_PLAIN}){{0,3}}")
_NOTHING = "Take another one; nothing was written."


class Broken(AppError):
    """This file is not a backup that can be trusted; nothing was taken from it."""

    title = "This is no sound backup"


class _Counted:
    """Passes bytes on, and knows their number and checksum."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self.hash = sha256()

    def write(self, some: bytes) -> int:
        self._out.write(some)
        self.hash.update(some)
        self._at += len(some)
        return len(some)

    def tell(self) -> int:
        return self._at


class Sealing:
    """Writes such a file, part by part, to anything that takes bytes."""

    def __init__(self, out: BinaryIO, *, micros: int) -> None:
        self._out = _Counted(out)
        to: Any = self._out  # it writes and tells where it is: a tar asks for no more
        self._tar = tarfile.open(fileobj=to, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - `seal` closes it
        self._seconds = micros // 10**6
        self._parts: list[dict[str, object]] = []
        self.add(_FIRST, _FORMAT)

    def add(self, name: str, content: bytes) -> None:
        """A part that is in memory."""
        self.add_from(name, io.BytesIO(content), len(content))

    def add_packed(self, name: str, content: bytes) -> None:
        """A part that is made smaller."""
        packer = zlib.compressobj(1, wbits=31)  # as gzip has it, for whoever looks inside
        self.add(name, packer.compress(content) + packer.flush())

    def add_from(self, name: str, file: BinaryIO, size: int) -> None:
        """The first `size` bytes of a file."""
        reader = _Hashed(file)
        self._tar.addfile(_head(name, size, self._seconds), reader)
        self._parts.append({"name": name, "bytes": size, "sha256": reader.hash.hexdigest()})

    def seal(self, about: Mapping[str, object]) -> None:
        """Write the manifest, and the seal behind it."""
        self._add(_MANIFEST, {**about, "parts": self._parts})
        whole = {"bytes": self._out.tell(), "sha256": self._out.hash.hexdigest()}
        self._add(_SEAL, {**whole, "seconds": self._seconds})
        self._tar.close()

    def _add(self, name: str, words: Mapping[str, object]) -> None:
        content = _as_json(words)
        self._tar.addfile(_head(name, len(content), self._seconds), io.BytesIO(content))


class _Hashed:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = sha256()

    def read(self, size: int = -1) -> bytes:
        some = self._file.read(size)
        self.hash.update(some)
        return some


@dataclass(frozen=True, slots=True)
class _Member:
    at: int
    size: int


class Sealed:
    """Such a file, once every byte of it was looked at."""

    def __init__(self, path: Path) -> None:
        """Raises Broken where any byte is not as it was written, or anything is there besides."""
        self._path = path
        members = _members(path)
        about = self._words(members.pop(_MANIFEST, None))
        seal = self._words(members.pop(_SEAL, None))
        self._members = members
        self._check_whole(seal)
        parts = about.pop("parts", None)
        self._check_parts(parts if isinstance(parts, list) else [])
        if self.content(_FIRST) != _FORMAT:
            raise Broken(
                f"{path.name} was made by a later version. Install that one to restore it."
            )
        self.about = about
        self.seal = str(seal["sha256"])  # tells this file from every other

    @property
    def names(self) -> list[str]:
        """Its parts, in the order in which they were written."""
        return list(self._members)

    def content(self, name: str) -> bytes:
        """A small part."""
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part, a megabyte at a time."""
        return _pieces(self._path, self._members[name])

    def unpacked(self, name: str) -> bytes:
        """A part that was made smaller, as it was."""
        opened = zlib.decompressobj(wbits=31)
        try:
            found = opened.decompress(self.content(name), _LARGEST_CHUNK)
        except zlib.error as error:
            raise Broken(f"The part {name} of {self._path.name} cannot be unpacked.") from error
        if not opened.eof:
            raise Broken(f"The part {name} of {self._path.name} is larger than any that we write.")
        return found

    def _words(self, member: _Member | None) -> dict[str, Any]:
        if member is None or member.size > _LARGEST_WORDS:
            raise _cut_short(self._path)
        try:
            found = read_json(b"".join(_pieces(self._path, member)))
        except NotJson as error:
            raise _damaged(self._path) from error
        if not isinstance(found, dict):
            raise _damaged(self._path)
        return found

    def _check_whole(self, seal: Mapping[str, object]) -> None:
        end = seal.get("bytes")
        if not isinstance(end, int) or end < 0:
            raise _damaged(self._path)
        found, behind = sha256(), b""
        with self._path.open("rb") as file:
            for some in _read(file, end):
                found.update(some)
            behind = file.read(_LARGEST_WORDS)
            is_longer = bool(file.read(1))
        if found.hexdigest() != seal.get("sha256") or is_longer:
            raise _damaged(self._path)
        if behind != _behind(seal, end):
            raise _damaged(self._path)

    def _check_parts(self, parts: list[Any]) -> None:
        told = {
            str(part.get("name")): (part.get("bytes"), part.get("sha256"))
            for part in parts
            if isinstance(part, dict)
        }
        if list(told) != self.names:
            raise _damaged(self._path)
        for name, member in self._members.items():
            found = sha256()
            for some in _pieces(self._path, member):
                found.update(some)
            if told[name] != (member.size, found.hexdigest()):
                raise Broken(f"The part {name} of {self._path.name} is damaged. {_NOTHING}")


def _behind(seal: Mapping[str, object], end: int) -> bytes:
    """What has to stand behind the sealed bytes: head, seal, and zeros to the end of a tar."""
    seconds = seal.get("seconds")
    if not isinstance(seconds, int):
        return b""
    content = _as_json(seal)
    parts = _head(_SEAL, len(content), seconds).tobuf(tarfile.USTAR_FORMAT) + content
    blocks = 2 - (-(end + len(parts)) // tarfile.BLOCKSIZE)
    whole = -(-blocks * tarfile.BLOCKSIZE // tarfile.RECORDSIZE) * tarfile.RECORDSIZE
    return parts.ljust(whole - end, b"\0")


def _head(name: str, size: int, seconds: int) -> tarfile.TarInfo:
    head = tarfile.TarInfo(name)
    head.size, head.mode, head.mtime = size, 0o600, seconds
    return head


def _as_json(words: Mapping[str, object]) -> bytes:
    return json.dumps(words, indent=1).encode() + b"\n"


def _members(path: Path) -> dict[str, _Member]:
    found: dict[str, _Member] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for head in tar:
                if not found and head.name != _FIRST:
                    raise _foreign(path)
                if head.type != tarfile.REGTYPE or not _NAME.fullmatch(head.name):
                    raise Broken(f"{path.name} holds “{head.name}”, as no backup does. {_NOTHING}")
                if head.name in found:
                    raise _damaged(path)
                found[head.name] = _Member(head.offset_data, head.size)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise (_cut_short if _begins_well(path) else _foreign)(path) from error
    if not found:
        raise _foreign(path)
    return found


def _begins_well(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_FIRST)) == _FIRST.encode()


def _pieces(path: Path, member: _Member) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(member.at)
        yield from _read(file, member.size)


def _read(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (some := file.read(min(_PIECE, size))):
        size -= len(some)
        yield some


def _foreign(path: Path) -> Broken:
    return Broken(f"{path.name} is no backup made by `thinslice backup`. {_NOTHING}")


def _cut_short(path: Path) -> Broken:
    return Broken(
        f"{path.name} is cut short or damaged: it is not as it was written to its end. {_NOTHING}"
    )


def _damaged(path: Path) -> Broken:
    return Broken(f"{path.name} is damaged: it is not as it was written. {_NOTHING}")
