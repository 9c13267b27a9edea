"""What people wrote back is let go when raw clicks are: it is as old, and says more."""

from datetime import datetime

from app.delivery import reply_store
from app.platform.db import Database
from app.tracking.ageing import kept_for

_AT_A_TIME = 500


def let_go(database: Database, *, months: int, now: datetime) -> int:
    """One short round; how many. What was counted of them stays."""
    with database.read() as session:
        old = reply_store.older(session, before=now - kept_for(months), limit=_AT_A_TIME)
    if old:
        with database.write() as session:
            reply_store.drop(session, old)
    return len(old)
