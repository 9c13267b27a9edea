"""`thinslice people import`: the same import as by page and API, with a progress bar."""

from collections.abc import Iterator
from pathlib import Path

from rich.progress import Progress

from app.audience import imports
from app.audience import store as audience
from app.audience.models import Import
from app.ops import command_setup
from app.ops.installation import House
from app.platform import clock

_PIECE = 1 << 20  # bytes read at a time


def import_file(house: House, file: Path, *, audience_name: str) -> Import:
    """Copy the file into the data folder, then read it chunk by chunk, here and now."""
    with house.database.write() as session:
        target = audience.named(session, audience_name, by=command_setup.BY, now=clock.now())
        command_setup.note(session, "people import", target.id, file=file.name)
    started = imports.begin(
        house.database,
        audience_id=target.id,
        format="ndjson" if file.suffix in {".ndjson", ".jsonl"} else "csv",
        folder_id=f"{house.folder_id}:cli",  # this process reads it, not the ingester
        stream=_pieces(file),
        imports_dir=house.imports,
        filename=file.name,
        by=command_setup.BY,
        now=clock.now(),
    )
    return _read(house, started)


def _read(house: House, started: Import) -> Import:
    path = house.imports / started.id
    with Progress() as progress:
        bar = progress.add_task("Importing", total=started.size or None)
        while _goes_on(house, started.id, path):
            with house.database.read() as session:
                progress.update(bar, completed=audience.import_of(session, started.id).offset)
        progress.update(bar, completed=started.size)
    with house.database.read() as session:
        return audience.import_of(session, started.id)


def _goes_on(house: House, import_id: str, path: Path) -> bool:
    marker = house.keyring.marks
    return imports.continue_import(house.database, import_id, path, marker=marker, now=clock.now())


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(_PIECE):
            yield piece
