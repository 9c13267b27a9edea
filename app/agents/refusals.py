"""What an agent is told where it may not, word for word."""

from app.platform.errors import Forbidden, NotFound, TooMany

MAY_ONLY_READ = "This token may only read. A person can allow drafts: Settings → Tokens."
PERSON_LAUNCHES = (
    "Launching stays with a person. Call ask_for_launch: the owner gets your note and a link."
)
NO_PEOPLE = "People's addresses and clicks are not available to agents. The readout has the counts."
TOO_FEW = "Fewer than 5 answered; shown from 5 on."
UNKNOWN = "No {kind} {id} here, or none you may see."
TOO_FAST = "60 calls a minute. Go on in {n} s."
NOT_A_DRAFT = (
    "Experiment {id} is {status}. Only drafts can be changed; make a new one with previous_id."
)
VERSION_OLD = "{name} changed this draft at {time}. Read it again; nothing was written."

# As SKILL.md tells them: when, and what is said.
EVERY = (
    ("the token has no draft scope", MAY_ONLY_READ),
    ("launch, pause or decision is asked for", PERSON_LAUNCHES),
    ("it is no draft", NOT_A_DRAFT),
    ("the version is old", VERSION_OLD),
    ("the id is unknown", UNKNOWN),
    ("a person is asked for", NO_PEOPLE),
    ("too few answered", TOO_FEW),
    ("a field is not acceptable", "each field and its message, as the API"),
    ("too fast", TOO_FAST),
)

# What a tool of that name would do, if there were one.
_OF_A_PERSON = (
    "launch", "start", "pause", "resume", "cancel", "undo", "decide", "decision", "send_test",
)  # fmt: skip
_ABOUT_PEOPLE = ("person", "people", "customer", "address", "send", "hit", "click", "export")


def unknown_tool(name: str, known: list[str]) -> Exception:
    """Why there is no such tool."""
    if any(word in name for word in _OF_A_PERSON):
        return Forbidden(PERSON_LAUNCHES)
    if any(word in name for word in _ABOUT_PEOPLE):
        return Forbidden(NO_PEOPLE)
    return NotFound(f"There is no tool of this name. There are {', '.join(known)}.")


def unknown(kind: str, wanted: str) -> NotFound:
    """Nothing here has this id."""
    return NotFound(UNKNOWN.format(kind=kind, id=wanted))


def too_fast(seconds: int) -> TooMany:
    """More calls than a minute has."""
    return TooMany(TOO_FAST.format(n=seconds))


def not_a_draft(experiment_id: str, status: str) -> str:
    """What was launched is locked."""
    return NOT_A_DRAFT.format(id=experiment_id, status=status)


def version_old(name: str, time: str) -> str:
    """Somebody else was faster."""
    return VERSION_OLD.format(name=name, time=time)
