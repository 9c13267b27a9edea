"""A form with a file: the file, and what was typed beside it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from app.identity import guard
from app.platform.errors import Invalid
from app.web.kit.form_state import Typed, of_form

_CHUNK = 1 << 20  # bytes taken from an upload at a time


@dataclass(frozen=True, slots=True)
class Upload:
    """What came; the file lies in a temporary file by now, however large it is."""

    file: UploadFile | None
    form: Typed

    @property
    def name(self) -> str:
        """What the file is called where it comes from."""
        return self._chosen().filename or ""

    def pieces(self) -> Iterator[bytes]:
        """The file, to be read in a thread."""
        file = self._chosen().file
        return iter(lambda: file.read(_CHUNK), b"")

    def _chosen(self) -> UploadFile:
        if self.file is None:
            raise Invalid.at("file", "Choose a file first.")
        return self.file


async def _uploaded(request: Request) -> AsyncIterator[Upload]:
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        chosen = file if isinstance(file, UploadFile) and file.filename else None
        await guard.confirm(request)
        yield Upload(chosen, replace(of_form(form), had_file=chosen is not None))


Uploaded = Annotated[Upload, Depends(_uploaded)]
