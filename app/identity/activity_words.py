"""What was done to an experiment, a feature or a key result, as a colleague would say it."""

import re
from collections.abc import Mapping

from app.identity.audit_rows import in_words

# By what follows the thing in the address of the request, page and API alike.
DONE: Mapping[str, str] = {
    "approve": "approved it",
    "ask-approval": "asked for approval",
    "cancel": "cancelled it",
    "confidence": "said how sure they are",
    "connector": "had its values told to another tool",
    "connectors": "had its values told to another tool no more",
    "copy": "copied it",
    "decide": "decided it",
    "decision": "decided it",
    "edit": "changed it",
    "key-results": "tied it to a key result",
    "launch": "launched it",
    "link": "tied it to a key result",
    "link/remove": "untied it from a key result",
    "link-check": "looked whether its links answer",
    "links": "took back what an experiment wrote",
    "links/undo": "took back what an experiment wrote",
    "move": "moved it on the board",
    "past/save": "put past values",
    "past": "put past values",
    "pause": "paused it",
    "pushes/links": "had its values told to another tool",
    "pushes/links/remove": "had its values told to another tool no more",
    "pushes/replay": "told another tool its value once more",
    "remove": "removed it",
    "read": "had its value read",
    "resume": "resumed it",
    "running-total": "said whether it only adds up",
    "share": "made a link to share it",
    "share-links": "made a link to share it",
    "share/end": "ended a link to it",
    "slices": "added a slice",
    "template": "kept it as a template",
    "test-send": "sent a test mail",
    "undo": "undid the launch",
    "unusual": "marked a week as unusual",
    "unusual/take-back": "let a marked week count",
    "values": "put a value",
    "versions/restore": "brought back an earlier version",
    "versions/undo": "undid the last change",
}
_TAKEN_BACK: Mapping[str, str] = {
    "key-results": "untied it from a key result",
    "share-links": "ended a link to it",
}
_BY_METHOD = {"PATCH": "changed it", "PUT": "changed it", "DELETE": "removed it"}
_REQUEST = re.compile(r"(POST|PUT|PATCH|DELETE) (?:/api/v1)?/[a-z-]+(/\{\w+\})?(/\S*)?( refused)?")
_PART = re.compile(r"\{[^{}]*\}")


def done(action: str) -> str:
    """What an action of the audit did to the thing that it names: `launched it`."""
    found = _REQUEST.fullmatch(action)
    if found is None:
        return in_words(action)  # a command's, or an agent's
    method, thing, rest, refused = found.groups()
    tail = "/".join(one for one in (rest or "").split("/") if one and not _PART.fullmatch(one))
    said = _said(method, tail, is_new=thing is None)
    return f"was refused: {said}" if refused else said


def _said(method: str, tail: str, *, is_new: bool) -> str:
    if not tail:
        return "made it" if is_new else _BY_METHOD.get(method, "changed it")
    if method == "DELETE" and tail in _TAKEN_BACK:
        return _TAKEN_BACK[tail]
    return DONE.get(tail, tail.replace("/", " ").replace("-", " "))
