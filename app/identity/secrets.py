"""Secrets that are handed out once and kept as a hash."""

import hashlib
import secrets


def fresh(prefix: str = "") -> str:
    """256 bits, safe in an address, a header and a shell."""
    return prefix + secrets.token_urlsafe(32)


def kept(secret: str) -> str:
    """How it stands in the database. No salt: 256 random bits can't be guessed from a table."""
    return hashlib.sha256(secret.encode()).hexdigest()
