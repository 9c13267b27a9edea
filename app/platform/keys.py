"""The data folder, the secrets in it, and its own id. Made at the first start, safe for two."""

import contextlib
import os
import re
import secrets
from pathlib import Path

from app.platform import writers
from app.platform.config import BadSettings, Settings

_SHORTEST = 32  # characters of a secret that an operator sets
_FEWEST_SIGNS = 8  # different ones: "000…" is guessed, and half a hexadecimal key is not
_KNOWN = {"changeme", "secret", "password", "thinslice", "example"}  # of READMEs, never of ours


def load_or_make(settings: Settings) -> tuple[bytes, ...]:
    """The secrets that sign links: from the environment, else from the data folder."""
    make_folder(settings.data_dir)
    if settings.secret_keys:
        return given(settings.secret_keys)
    path = settings.data_dir / "keys"
    _make_once(path, secrets.token_urlsafe(48) + "\n")
    found = tuple(line.encode() for line in path.read_text().split())
    if not found:
        raise BadSettings(
            f"{path} is empty. Restore it from a backup: it signs the links of mail that was sent."
        )
    return found


def folder_id(data_dir: Path) -> tuple[str, str]:
    """What tells this data folder from another one on the same database, and from its copies."""
    path = data_dir / "folder-id"
    _make_once(path, secrets.token_hex(8) + "\n")
    return path.read_text().strip(), writers.place_of(path)


def make_folder(path: Path) -> None:
    """Only its owner may look inside; who may on a volume of somebody else's is not ours to say.

    Kubernetes gives a pod a folder of root's that its group may write to (fsGroup).
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o700)


def given(text: str) -> tuple[bytes, ...]:
    """The secrets of a setting. Raises BadSettings where one can be guessed."""
    keys = [key for key in re.split(r"[\s,]+", text) if key]
    if not keys or any(_guessable(key) for key in keys):
        raise BadSettings(
            f"THINSLICE_SECRET_KEYS must hold keys of {_SHORTEST} characters or more that"
            " nobody can guess; `openssl rand -base64 48` makes one."
        )
    return tuple(key.encode() for key in keys)


def _guessable(key: str) -> bool:
    known = any(word in key.lower() for word in _KNOWN)
    return known or len(key) < _SHORTEST or len(set(key)) < _FEWEST_SIGNS


def _make_once(path: Path, content: str) -> None:
    """Whole or not at all, and never twice: two that start at once agree on the first."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    with contextlib.suppress(FileExistsError):  # another process was first; its content holds
        os.link(draft, path)
    draft.unlink()
