"""What a form carries, of either kind that browsers send, from a body that is in memory."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, create_form_parser

from app.identity.bodies import MB, PLAIN_FORM
from app.platform import figures
from app.platform.errors import TooLarge

WITH_FILES = "multipart/form-data"
_MOST_FIELDS = 1000  # as many as Starlette reads of a form
_IN_MEMORY = 64 * MB  # more than any body that is taken whole: no file of it goes to the disk


@dataclass(frozen=True, slots=True)
class SentForm:
    """Names and texts in their order, and which fields held, or could have held, a file."""

    texts: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()

    def first(self, name: str) -> str:
        """The first text of this name, or nothing."""
        return next((text for field, text in self.texts if field == name), "")


def is_form(kind: str) -> bool:
    """Whether this Content-Type is one that a browser gives a form."""
    return kind.startswith((PLAIN_FORM, WITH_FILES))


def read(kind: str, body: bytes) -> SentForm:
    """What stands in it; nothing where it is no form, or is none that can be read.

    Raises TooLarge: it has more fields than a form may have.
    """
    if kind.startswith(PLAIN_FORM):
        return SentForm(_plain(body))
    return _with_files(kind, body) if kind.startswith(WITH_FILES) else SentForm()


def _plain(body: bytes) -> tuple[tuple[str, str], ...]:
    written = body.decode("utf-8", "replace")
    try:
        return tuple(
            parse_qsl(
                written, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
            )
        )
    except ValueError:
        raise _too_many() from None


def _with_files(kind: str, body: bytes) -> SentForm:
    texts: list[tuple[str, str]] = []
    files: list[str] = []

    def note_text(field: Field) -> None:
        texts.append((_text(field.field_name), _text(field.value)))
        _refuse_many(len(texts) + len(files))

    def note_file(file: File) -> None:
        files.append(_text(file.field_name))
        file.close()
        _refuse_many(len(texts) + len(files))

    most = {"MAX_MEMORY_FILE_SIZE": _IN_MEMORY}
    try:
        parser = create_form_parser({"Content-Type": kind.encode()}, note_text, note_file, most)
        parser.write(body)
        parser.finalize()
    except FormParserError:
        return SentForm()  # cut off in the middle, or never a form: its route says so
    return SentForm(tuple(texts), tuple(files))


def _refuse_many(count: int) -> None:
    if count > _MOST_FIELDS:
        raise _too_many()


def _too_many() -> TooLarge:
    return TooLarge(f"A form has at most {figures.count(_MOST_FIELDS)} fields.")


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")
