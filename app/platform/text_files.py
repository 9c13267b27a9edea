"""A file that somebody sends to be read in one go: bounded, and text."""

from app.platform import encodings, figures
from app.platform.errors import Invalid

_BOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how Excel's begin


def text_of(raw: bytes, *, most_bytes: int, otherwise: str) -> str:
    """The file as text.

    Raises:
        Invalid: it is too large, or none; `otherwise` says what to do then.
    """
    refuse_large(len(raw), most_bytes=most_bytes)
    if raw.startswith(_BOOKS):
        raise Invalid.at("file", "This is an Excel workbook. Save the sheet as CSV and try again.")
    try:
        text = encodings.text_of(raw)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Invalid.at("file", f"This is not a text file. {otherwise}")
    return text


def refuse_large(size: int, *, most_bytes: int) -> None:
    """Raises Invalid where a file is larger than one that is read in one go."""
    if size > most_bytes:
        most = figures.exact(most_bytes / 1_000_000)
        raise Invalid.at("file", f"The file is larger than {most} MB. Import it in parts.")
