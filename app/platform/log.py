"""One line a fact on standard error: time, level, process, sentence. No secret, no address.

Nothing that is logged on purpose holds one. What an error of somebody else's code quotes may, so
each line passes `without_secrets`, and is one line, whatever stands in it.
"""

import json
import logging
import os
import re
import sys
import threading
import time
from contextvars import ContextVar
from types import TracebackType

from app.platform import meters
from app.platform.config import LogFormat
from app.platform.meters import Meter

LINES = Meter(
    "thinslice_log_lines_total",
    "Lines of the logs that tell of trouble, by level.",
    {"level": ("warning", "error", "critical")},
)
request_id: ContextVar[str] = ContextVar("request_id", default="")  # of the request under way

_WORD = re.compile(r"\S+")
_IN_AN_ADDRESS = re.compile(r"(?<=/[acopsuw]/)[\w.-]{8,}")  # what links of mails carry
# What Pydantic was given, and what PostgreSQL says of a row: cells of people, whatever they hold.
_QUOTED = re.compile(r"(?<=input_value=).+|(?<=DETAIL:).+")
_LONG = re.compile(r"[\w-]{20,}")
_GONE = "…"
_ANY_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MOST = 20_000  # characters of a line: an error may quote a whole file
log = logging.getLogger(__name__)


def set_up(process: str, written: LogFormat = LogFormat.TEXT) -> None:
    """Say what this process is in each of its lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter_of(process, written))
    root = logging.getLogger()
    root.handlers = [handler, _Counting(logging.WARNING)]
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "aiosmtplib", "alembic", "mail.log"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _ended
    threading.excepthook = _thread_ended


def formatter_of(process: str, written: LogFormat) -> logging.Formatter:
    """How this process writes a line."""
    return (_Json if written is LogFormat.JSON else _Text)(process)


def without_secrets(text: str) -> str:
    """The same without addresses, cells of rows, passwords of servers, tokens, what links carry."""
    text = _QUOTED.sub(_GONE, text)
    if "@" in text:
        text = _WORD.sub(lambda found: _GONE if "@" in found[0] else found[0], text)
    text = _IN_AN_ADDRESS.sub(_GONE, text)
    return _LONG.sub(lambda found: _GONE if _is_random(found[0]) else found[0], text)


def _is_random(word: str) -> bool:
    """As a token is: names of code and numbers lack one of these."""
    return (
        any(map(str.isupper, word)) and any(map(str.islower, word)) and any(map(str.isdigit, word))
    )


class _Text(logging.Formatter):
    """For people: one line, a traceback behind it, its lines marked by `|`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = f"{process}[{os.getpid()}]"

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        request = f" request={asked}" if (asked := request_id.get()) else ""
        line = (
            f"{_moment(record)} {record.levelname} {self._process}{request}"
            f" {_one_line(record.getMessage())}"
        )
        if record.exc_info:
            line += "".join(f"\n  | {_one_line(one)}" for one in self._trace(record))
        return line

    def _trace(self, record: logging.LogRecord) -> list[str]:
        assert record.exc_info
        return self.formatException(record.exc_info)[-_MOST:].split("\n")


class _Json(_Text):
    """For machines: one object a line."""

    def __init__(self, process: str) -> None:
        super().__init__(process)
        self._name = process

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, object] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "process": self._name,
            "pid": os.getpid(),
            "logger": record.name,
            "message": _one_line(record.getMessage()),
        }
        if asked := request_id.get():
            told["request"] = asked
        if record.exc_info:
            told["error"] = [_one_line(one) for one in self._trace(record)]
        return json.dumps(told, ensure_ascii=False)


def _moment(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _one_line(text: str) -> str:
    """Nobody whose words are quoted begins a line of their own, or moves a terminal's cursor."""
    return _ANY_BREAK.sub(
        lambda sign: f"\\x{ord(sign[0]):02x}", without_secrets(text[:_MOST].strip())
    )


class _Counting(logging.Handler):
    """Counts what is logged, and writes nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        """One more of its level."""
        meters.count(LINES, record.levelname.lower())


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("this process ended", exc_info=(kind, error, trace))


def _thread_ended(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        found = (told.exc_type, told.exc_value, told.exc_traceback)
        log.critical("a thread of this process ended", exc_info=found)
