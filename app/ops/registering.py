"""A data folder is known before it answers clicks: whoever counts knows whom to wait for."""

import logging
from datetime import datetime
from hashlib import sha256

from app.ops.installation import House
from app.platform import apart, journal
from app.platform.away import AWAY, tell
from app.tracking import alike, folder_rows, folders
from app.tracking.losses import lost_in

log = logging.getLogger(__name__)


class Registration:
    """Of one process that answers clicks. Made before that process opens its own journal."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._is_empty = not journal.segments(house.hits)
        self._marker = house.settings.data_dir / "registered"
        asked = f"{house.folder_id} {house.settings.database}"
        self._database = sha256(asked.encode()).hexdigest()
        self.is_known = self._was_known()  # to this database, at least since an earlier start
        self.is_done = False

    def attempt(self) -> None:
        """Register, where the database can be reached."""
        try:
            now = self._house.database.now()
            _register(self._house, is_empty=self._is_empty, now=now)
        except AWAY as error:
            tell(log, error, what="This data folder is not registered")
            return
        if far := apart.far_in_words():
            log.warning("%s", far)
        self._marker.write_text(self._database)
        self.is_known = self.is_done = True

    def _was_known(self) -> bool:
        """Without a database, links are answered by a folder that was registered before."""
        return self._marker.exists() and self._marker.read_text() == self._database


def register_unread(house: House, *, now: datetime) -> None:
    """Make a folder known in which hits of an earlier time may lie: before anything is called."""
    if journal.segments(house.hits):
        _register(house, is_empty=False, now=now)


def _register(house: House, *, is_empty: bool, now: datetime) -> None:
    lost = lost_in(house.hits)
    with house.database.write() as session:
        folders.register(session, house.folder, is_empty=is_empty, lost=lost, now=now)
        apart = alike.apart(folder_rows.folders(session), now=now)
    if house.folder_id in apart:
        log.warning("%s", apart[house.folder_id])
