"""What a form lets one choose from: key results, slices, audiences."""

from collections.abc import Sequence

from sqlmodel import Session

from app.audience import store as audience
from app.audience.own import OFFERED
from app.experiments import feature_store
from app.experiments import store as experiments
from app.okr import store as okr
from app.platform.asked import Choices
from app.platform.listing import Asked
from app.platform.paging import every
from app.web.kit import formatting

_AT_ONCE = 1_000  # rows in a question


def key_results(session: Session) -> Choices:
    """Every key result of the cycles that are open."""
    return (
        ("", "None yet"),
        *((key_result.id, key_result.title) for key_result in okr.key_results(session)),
    )


def slices(session: Session) -> Choices:
    """Every slice under its feature's name, newest first."""
    named = ((key, f"{feature} › {title}") for key, title, feature in feature_store.titles(session))
    return (("", "None"), *named)


def audiences(session: Session) -> Choices:
    """Every audience with its size."""
    found = every(lambda cursor: audience.audiences(session, Asked(cursor=cursor), limit=_AT_ONCE))
    sizes = ((a.id, f"{a.name} ({formatting.plural(a.people, 'person', 'people')})") for a in found)
    return (("", "Choose an audience"), *sizes)


def others(session: Session, but: str | None) -> Choices:
    """Experiments whose people can be left out."""
    return [
        started_name
        for started_name in experiments.started_names(session)
        if started_name[0] != but
    ]


def columns(session: Session, audience_id: str | None) -> Sequence[str]:
    """The columns that a mail to this audience can say."""
    if not audience_id:
        return ()
    profile = audience.audience_of(session, audience_id).columns
    return [*OFFERED, *(str(column["name"]) for column in profile)]
