"""What `doctor` says of data folders: nothing lost, all read, and their machines set alike."""

from collections.abc import Sequence

from app.analysis import known_until, sentences, waiting
from app.ops.installation import House
from app.platform import clock, figures
from app.platform.errors import Unavailable
from app.tracking import alike, folder_rows, folders, losses
from app.tracking.models import LostHits


def clicks(house: House) -> str:
    lost = losses.lost_in(house.hits)
    with house.database.read() as session:
        row = folder_rows.one(session, house.folder_id)
        found = folders.unseen_losses(session, row) if row else []
    seen = row.lost_seen if row else 0
    if lost <= seen:
        return "none lost that nobody has taken note of"
    raise Unavailable(
        f"{figures.plural(lost - seen, 'click or open was', 'clicks and opens were')} answered and"
        f" not kept{_between(found, house)}: the journal was full, or the disk. Make room, or raise"
        " THINSLICE_SPOOL_LIMIT; the numbers of that time are too low. Then take note of them: page"
        f" Data folders, or `thinslice folder acknowledge {house.folder_id}`."
    )


def _between(found: Sequence[LostHits], house: House) -> str:
    if not found:
        return ""  # they are told with the ingester's next word
    since, until = min(lost_hits.since for lost_hits in found), max(hits.until for hits in found)
    first, last = (sentences.moment(when, house.settings.zone) for when in (since, until))
    return f" between {first} and {last}"


def are_read(house: House) -> str:
    with house.database.read() as session:
        seen = known_until.known_everywhere(session, now=clock.now())
    if seen.late:
        raise Unavailable(" ".join(waiting.for_whom(seen, house.settings.zone)))
    return f"every click before {clock.iso(seen.until)} is in: {seen.lag_seconds} s ago"


def are_alike(house: House) -> str:
    """Whether those that live are set alike."""
    with house.database.read() as session:
        rows, names = folder_rows.folders(session), folders.labels(session)
    if apart := alike.apart(rows, now=clock.now()):
        raise Unavailable(" ".join(f"{names[folder]}: {said}" for folder, said in apart.items()))
    return "set alike, as far as they live"
