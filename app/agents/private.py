"""What of an answer of the API an agent gets: nobody's name or address, and texts marked as such.

What people wrote freely is moved into a field `quoted`, beside where it stood: it is data, whatever
it asks its reader to do.
"""

from typing import Any

from app.audience.own import OWN, Kept
from app.delivery.preview import without_addresses

# Who did something, who is written to or from, and whose row it is.
_PERSONAL = frozenset(
    {
        "owner", "by", "created_by", "decided_by", "posted_by", "recorded_by", "marked_by",
        "frozen_by", "sender", "launched_by", "email", "person_id", "reads",
    }
)  # fmt: skip
_QUOTED = frozenset(
    {
        "body", "subject", "preheader", "answer", "text", "note", "comment", "learning",
        "believe", "verify", "measure", "right_if", "score_comment", "kept_because", "html",
        "assumption", "problem",
    }
)  # fmt: skip
_QUOTED_IN = frozenset({("decision", "reason"), ("unusual", "reason"), ("unusual_weeks", "reason")})
_NAMING = {name for name, one in OWN.items() if one.kept in {Kept.ADDRESS, Kept.LINE}}


def told(answer: Any, *, within: str = "") -> Any:
    """The answer without what is personal; texts of people in `quoted`."""
    if isinstance(answer, list):
        return [told(one, within=within) for one in answer]
    if isinstance(answer, dict):
        return _document(answer, within)
    return without_addresses(answer)


def _document(answer: dict[str, Any], within: str) -> dict[str, Any]:
    if answer.get("column") in _NAMING:
        return {"column": answer["column"]}  # a condition, or kinds of people, by who they are
    kept: dict[str, Any] = {}
    quoted: dict[str, Any] = {}
    for name, one in answer.items():
        if name not in _PERSONAL:
            place = quoted if one and _is_quoted(name, within) else kept
            place[name] = told(one, within=name)
    return kept | {"quoted": quoted} if quoted else kept


def _is_quoted(name: str, within: str) -> bool:
    return name in _QUOTED or (within, name) in _QUOTED_IN
