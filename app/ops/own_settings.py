"""Prints of the settings that every machine of an installation has alike."""

import json

from app.links.keyring import Keyring
from app.platform.config import Settings
from app.tracking.alike import KEY

# What may be another on each machine: where things lie there, what its disk and network are like,
# who looks after it. Everything else decides what people read or what is sent.
OWN = frozenset(
    {
        "data_dir",
        "database_url",
        "dkim_key",  # often a file's path
        "secret_keys",
        "durability",
        "spool_limit",
        "trusted_proxies",
        "allowed_hosts",
        "log_format",
        "metrics_token",
        "mailbox",  # one machine fetches
        "backup_days",
        "demo",
    }
)
_LETTERS = 16


def prints(settings: Settings, keyring: Keyring) -> dict[str, str]:
    """By name: 16 letters that are the same where the same is set, under the same newest key."""
    shared = settings.model_dump(mode="json", exclude=set(OWN))
    found = {
        name: keyring.marks(f"setting {name}: {json.dumps(value)}")[0][:_LETTERS]
        for name, value in shared.items()
    }
    return found | {KEY: keyring.fingerprints()[0][:_LETTERS]}
