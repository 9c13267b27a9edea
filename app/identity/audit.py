"""Who did what: a row in the transaction of the change itself."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.identity.models import AuditRow


def note(
    session: Session,
    *,
    actor: str,
    actor_id: str = "",
    action: str,
    now: datetime,
    subject: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Keep one row; never a secret among the details."""
    session.add(
        AuditRow(
            at=now,
            actor=actor,
            actor_id=actor_id,
            action=action,
            subject=subject,
            details=details or {},
        )
    )
