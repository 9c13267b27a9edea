"""A line of the log: one line, whatever stands in it, and no address, password or token."""

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.platform import log
from app.platform.config import LogFormat
from app.platform.log import formatter_of, request_id, without_secrets

SECRETS = (
    "ann@halvern.example",
    '"Ann, B." <ann@halvern.example>',
    "smtp://user:pa%40ss@mail.example.com:587?tls=starttls",
    "postgresql://thinslice:hunter2@db/name",
    "tsl_" + "Zx9-kQ2_vB7nM4wR8tY1uI3oP6aS5dF0gH2jK4lL7zX",
    "m3SdDsvOqawHdfqd0kTOokK1k5ZXOXawrz2PmeMAHVA",  # as `secrets.fresh` makes them
    "/c/AbCdEfGh1234567890_-abcdefghijkl",
    "https://links.example.com/u/AbCdEfGh1234567890_-",
)


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("app.x", logging.ERROR, __file__, 1, message, args, info)


@pytest.mark.parametrize("written", LogFormat)
@pytest.mark.parametrize("secret", SECRETS)
def test_what_an_error_quotes_is_left_out(written: LogFormat, secret: str):
    error = ValueError(f"cannot read {secret}\nDETAIL: Key (email)=({secret}) exists")
    line = formatter_of("web", written).format(record("trouble with %s", secret, error=error))

    assert "@" not in line
    assert secret not in line
    assert max((part for part in secret.split("/") if part), key=len) not in line
    assert "trouble with" in line
    assert "ValueError" in line


@pytest.mark.parametrize("written", LogFormat)
@pytest.mark.parametrize("shape", [int, dict[str, int], list[int], bytes | None])
@pytest.mark.parametrize("cell", ["Rosa", ["Rosa"], {"Rosa": "Rosa"}, {"x": ["Rosa"]}])
def test_no_cell_is_in_what_is_said_of_a_document_that_does_not_fit(
    written: LogFormat, shape: object, cell: object
):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[shape]).validate_python([{"in": cell}], strict=True)  # type: ignore[valid-type]
    line = formatter_of("web", written).format(record("%s", caught.value, error=caught.value))

    assert "ValidationError" in line
    assert "Rosa" not in line.replace("0.Rosa", "")  # a name of a field is no cell


@pytest.mark.parametrize("written", LogFormat)
def test_no_cell_is_in_what_postgresql_says_of_a_row(written: LogFormat):
    error = ValueError("null value in column\nDETAIL:  Failing row contains (7, Rosa, 44).")
    line = formatter_of("web", written).format(record("%s", error, error=error))

    assert "null value in column" in line
    assert "Rosa" not in line


@pytest.mark.parametrize(
    "plain",
    [
        "plan is put off after 3 tries",
        "/srv/hits/00001795995994585339-1f0c3m8k.journal was deleted while it was written",
        "request=3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        'File "/app/platform/journal.py", line 3, in test_with_a_long_name_of_its_own',
        "GET /u/*: the caller went away before all was sent",
    ],
)
def test_what_is_no_secret_stays(plain: str):
    assert without_secrets(plain) == plain


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_quoted_a_line_stays_one_and_is_what_it_says(message: str, told: str):
    error = ValueError(told)
    text = formatter_of("web", LogFormat.TEXT).format(record("%s", message, error=error))
    one = formatter_of("web", LogFormat.JSON).format(record("%s", message, error=error))

    first, *rest = text.splitlines()
    assert " ERROR web[" in first
    assert all(line.startswith("  | ") for line in rest)
    assert len(one.splitlines()) == 1
    assert json.loads(one)["level"] == "error"
    assert "@" not in text + one
    assert not any(sign in text.replace("\n", "") + one for sign in "\r\x1b\x00\x85\u2028")


@pytest.mark.parametrize("long", ["a" * 10**6, "@" * 10**6, "aB1-" * 250_000, "/c/" * 300_000])
def test_a_huge_quotation_is_cut_and_takes_no_time_to_speak_of(long: str):
    line = formatter_of("web", LogFormat.TEXT).format(record("%s", long, error=ValueError(long)))

    assert len(line) < 5 * log._MOST


def test_the_request_under_way_is_named():
    request_id.set("3f2504e0")
    try:
        text = formatter_of("web", LogFormat.TEXT).format(record("no"))
        told = json.loads(formatter_of("web", LogFormat.JSON).format(record("no")))
    finally:
        request_id.set("")

    assert text.endswith(" request=3f2504e0 no")
    assert (told["request"], told["message"], told["process"]) == ("3f2504e0", "no", "web")
    assert told["at"].endswith("Z")


def test_what_ends_a_process_or_a_thread_is_a_line_too(monkeypatch: pytest.MonkeyPatch):
    root, kept = logging.getLogger(), logging.getLogger().handlers[:]
    before = sys.excepthook
    try:
        log.set_up("web", LogFormat.JSON)
        assert sys.excepthook is not before
        assert len(root.handlers) == 2
    finally:
        root.handlers = kept
        sys.excepthook = before
        logging.captureWarnings(False)
