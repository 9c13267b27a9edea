"""One line a fact on standard error: time, level, process, sentence. No secret, no address."""

import logging
import os
import sys
import time

from app.platform import meters
from app.platform.meters import Meter

LINES = Meter(
    "thinslice_log_lines_total",
    "Lines of the logs that tell of trouble, by level.",
    {"level": ("warning", "error", "critical")},
)


def set_up(process: str) -> None:
    """Say what this process is in each of its lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter(
            f"%(asctime)s.%(msecs)03dZ %(levelname)s {process}[{os.getpid()}] %(message)s",
            datefmt="%Y-%m-%dT%H:%M:%S",
        )
    )
    handler.formatter.converter = time.gmtime  # type: ignore[union-attr]  # set just above
    root = logging.getLogger()
    root.handlers = [handler, _Counting(logging.WARNING)]
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "aiosmtplib", "alembic", "mail.log"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Counting(logging.Handler):
    """Counts what is logged, and writes nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        """One more of its level."""
        meters.count(LINES, record.levelname.lower())
