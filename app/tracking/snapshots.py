"""Destinations on disk, from which a restart serves while the database is away."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from app.tracking.targets import Target, TargetKind, Targets


def read(path: Path) -> dict[int, Targets]:
    """The sets of the last snapshot. A missing or spoilt one is empty: the database answers."""
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return {}
    if checksum != _checksum(body):
        return {}
    return {
        int(set_id): {int(link): Target(TargetKind(kind), address) for link, kind, address in rows}
        for set_id, rows in json.loads(body).items()
    }


def write(path: Path, sets: Mapping[int, Targets]) -> None:
    """Replace the snapshot as a whole. Only the ingester of a data folder calls this."""
    rows = {
        str(set_id): [[link, target.kind, target.address] for link, target in sorted(links.items())]
        for set_id, links in sorted(sets.items())
    }
    body = json.dumps(rows, separators=(",", ":")).encode()
    content = _checksum(body) + b"\n" + body
    if path.exists() and path.read_bytes() == content:
        return
    _replace(path, content)


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
