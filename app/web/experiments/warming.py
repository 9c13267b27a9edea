"""What pages say while a daily limit rises: how many leave today, and when the last one does."""

from datetime import datetime

from sqlmodel import Session

from app.delivery import rate_store
from app.platform.config import Settings
from app.web.kit import formatting


def words(session: Session, settings: Settings, *, waiting: int, now: datetime) -> str:
    """Of so many mails that wait; nothing where no limit rises, or nobody waits."""
    warming, today = settings.warming, now.astimezone(settings.zone).date()
    limit = warming.limit(today) if warming else None
    if warming is None or limit is None or not waiting:
        return ""
    left = rate_store.left_of_day(session, today, limit)
    some = formatting.plural(left, "more mail", "more mails") if left else "no more mails"
    told = f"The warm-up lets {some} leave today"
    last = warming.last_day(waiting, today=today, left=left)
    if last == today:
        return f"{told}."
    return f"{told}, of all experiments; the last of these leaves on {formatting.weekday(last)}."
