"""How values read on a page: percentages, amounts, times in the organisation's zone, words."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.analysis.readout_types import State
from app.languages.words import IN_ENGLISH, Words
from app.okr import amounts
from app.platform import clock, figures

SAID: Mapping[str, str] = {
    "saved": "Saved.",
    "asked": "Everybody is asked by mail within a minute.",
    "cycle-closed": "Closed. The scores are kept, and its values stay as they are.",
    "cycle-reopened": "Open again: its values can change, and its scores are gone.",
    "test-owed": "A test is on its way. What is answered stands here in a moment.",
    "told-nothing": "Switched off: it is told nothing until somebody switches it on again.",
    "told-again": "Switched on: it is told what happens from now on.",
    "pushed-again": "It is sent once more, within a minute.",
    "fetching": "It is asked as soon as a worker is free; the import stands below then.",
    "read-soon": "Its source is read as soon as a worker is free.",
    "asked-no-more": "They are asked no more; their answers stay.",
    "put-away": "The list is put away.",
    "no-mail-yet": "No mail is in the outbox yet. Wait a moment, then try again.",
    "created": "Created.",
    "added": "Added.",
    "removed": "Removed.",
    "sessions-ended": "Every session of this person has ended.",
    "erased": "Erased. Results stay as they were.",
    "readmitted": "They may come back: the next import takes them in.",
    "launched": "Launched. Mails leave as fast as the rate allows; this page keeps count.",
    "approved": "Approved. Somebody else may launch it now.",
    "approval-asked": "Everybody who may approve it has a mail, and sees it on This week.",
    "undoable": "Launched.",
    "undone": "Undone: it is a draft again, and nobody was mailed.",
    "taken-back": "Undone. What it took back is kept among the versions of this draft.",
    "nothing-to-undo": "There is nothing left to undo.",
    "look-first": "Somebody else changed this draft meanwhile, so nothing was undone. What you"
    " typed is saved. Press Undo again to take back the newest change.",
    "brought-back": "Brought back. What it said before is kept as a version, too.",
    "too-late": "Too late to undo: nothing was changed. What can be done now stands below.",
    "scheduled": "Scheduled. The design is locked; eligibility is settled when the time comes.",
    "paused": "Paused. No further mail leaves until somebody resumes it.",
    "resumed": "Resumed.",
    "cancelled": "Cancelled. Mails that had not left yet never will.",
    "logged-in-again": "You are logged in. Go on in the tab that you kept open.",
    "link-ended": "This link opens nothing any more.",
    "frozen": "Frozen. What is edited later does not change this page.",
    "decided": "Decided, and added to the learnings.",
    "retried": "It is tried at once.",
    "given-up": "Cancelled: it is tried no more. “Try now” takes it up again.",
    "given-up-for-good": "Cancelled, and what it would have begun with it.",
    "test-sent": "A test mail is on its way to you. Its links never count.",
    "retired": "Retired. Results wait for this machine no longer.",
    "noted": "Taken note of. The readouts of that time go on saying it.",
    "ranges": "Loaded. Clicks that come from now on are placed by this list, too.",
    "ranges-reset": "Only the built-in table is left.",
    "column": "Saved. Filters, mails and analyses read the column so from now on.",
    "importing": "The file arrived.",
    "read-again": "You changed something, so the file is read once more. Then import it.",
    "mended": "Taken. The line is refused no more.",
    "imported": "Imported. What was here already stayed as it was.",
    "password": "Password changed. Every other session of this person has ended.",
    "session-ended": "That browser is logged out.",
    "others-ended": "Every other browser of yours is logged out.",
    "second-step-off": "No code is asked for any more: a password is enough to log in as you.",
    "second-step-reset": "No code is asked of them any more. They can set it up again.",
    "code-too-late": "That took too long, or too many codes were wrong. Begin with your password.",
    "agents-ended": "Every agent of this person is refused from now on.",
    "agent-ended": "Taken back: it is refused from now on.",
    "invitation-revoked": "Taken back: its link opens nothing any more.",
    "logged-out": "You are logged out.",
    "thanks": "Thank you.",
    "said": "Said. Whoever you named is told, and so is whoever watches this.",
    "comment-taken-back": "Taken back: nobody reads it any more.",
    "seen": "Noted: whoever wrote it sees that you have read it.",
    "unseen": "Taken back: it stands there no more that you have read it.",
    "another-value": "Another value took the place of that one meanwhile. This is the new one.",
    "watched": "You are told of what happens here.",
    "unwatched": "You are told of it no more, but where somebody names you.",
}

# What a refused line's reason begins with in reports that programs read, as a page says it.
_REFUSALS = {
    "bad_address": "No address that can be used",
    "unsupported_address": "No address that can be mailed",
    "duplicate": "Twice in this file",
}
WARNINGS = frozenset(
    {"no-mail-yet", "too-late", "nothing-to-undo", "look-first", "code-too-late", "second-step-off"}
)  # what was asked for was not done

# State → what a page calls it, and the badge's kind. Colour repeats the word.
BADGES: Mapping[str, tuple[str, str]] = {
    "read": ("Read", "better"),
    "reading": ("Being read", "live"),
    "previewed": ("Not imported yet", "caution"),
    "previewed_nobody": ("Nobody would be taken", "worse"),
    "done_nobody": ("Nobody was taken", "worse"),
    "asks": ("One answer is needed", "caution"),
    "confirmed": ("Imported since", "quiet"),
    "silent": ("Silent", "worse"),
    "copied": ("Copied", "worse"),
    "stopped": ("Stopped, all read", "caution"),
    "retired": ("Retired", "quiet"),
    "invited": ("Invited", "better"),
    "invited again": ("Invited again", "better"),
    "already here": ("Already here", "quiet"),
    "no address": ("No address", "worse"),
    "open": ("Open", "live"),
    "accepted": ("Accepted", "better"),
    "expired": ("Expired", "caution"),
    "draft": ("Draft", "quiet"),
    "scheduled": ("Scheduled", "live"),
    "running": ("Running", "live"),
    "paused": ("Paused", "caution"),
    "measuring": ("Measuring", "live"),
    "decided": ("Decided", "quiet"),
    "rehearsal": ("Rehearsal", "caution"),
    "cancelled": ("Cancelled", "quiet"),
    State.VALIDATED: (State.VALIDATED.word, "better"),
    State.REFUTED: (State.REFUTED.word, "worse"),
    State.INCONCLUSIVE: (State.INCONCLUSIVE.word, "caution"),
    State.WAITING: (State.WAITING.word, "quiet"),
    "build": ("Build it", "better"),
    "iterate": ("Iterate", "caution"),
    "stop": ("Stop", "worse"),
    "closer": ("Closer", "better"),
    "further": ("Further", "worse"),
    "no_change": ("No change we can tell", "quiet"),
    "too_early": ("Too early to tell", "quiet"),
    "cannot_be_read": ("Cannot be read", "worse"),
    "no_value": ("No value this week", "caution"),
    "holding": ("Holding", "better"),
    "out_of_band": ("Out of the band", "worse"),
    "faster": ("Faster", "better"),
    "slower": ("Slower", "worse"),
    "idea": ("Idea", "quiet"),
    "testing": ("Testing", "live"),
    "breached": ("Breached", "worse"),
    "safe": ("Safe", "better"),
    "unknown": ("Not proven yet", "quiet"),
    "blocks": ("Must fix", "worse"),
    "warns": ("Look at this", "caution"),
    "ok": ("Ready", "better"),
    "done": ("Done", "better"),
    "not_done": ("Not done", "worse"),
    "failed": ("Failed", "worse"),
    "queued": ("Waiting", "quiet"),
    "sending": ("Leaving now", "live"),
    "sent": ("Sent", "better"),
    "bounced": ("Bounced", "worse"),
    "uncertain": ("Uncertain", "caution"),
    "skipped": ("Skipped", "quiet"),
    "held": ("Held back", "quiet"),
    "human": ("Person", "better"),
    "machine_open": ("Machine open", "quiet"),
    "prefetch": ("Prefetch", "quiet"),
    "scanner": ("Scanner", "quiet"),
    "duplicate": ("Repeat", "quiet"),
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def present() -> datetime:
    """The moment a page is drawn for."""
    return clock.now()


def filters(zone: ZoneInfo) -> dict[str, Callable[..., Any]]:
    """Everything a template may write after a bar."""

    def day(value: datetime | date | None) -> str:
        return weekday(_local(value, zone)) if value else "–"

    def moment(value: datetime | None) -> str:
        return (
            f"{weekday(value.astimezone(zone))}, {value.astimezone(zone):%H:%M}" if value else "–"
        )

    def second(value: datetime) -> str:
        return f"{weekday(value.astimezone(zone))}, {value.astimezone(zone):%H:%M:%S}"

    return {
        "points": points,
        "number": number,
        "amount": amount,
        "change": change,
        "day": day,
        "moment": moment,
        "clock": lambda value: f"{value.astimezone(zone):%H:%M}",
        "ago": ago,
        "badge_word": lambda state: BADGES.get(state, (plain(state), "quiet"))[0],
        "badge_kind": lambda state: BADGES.get(state, (plain(state), "quiet"))[1],
        "plain": plain,
        "plural": plural,
        "capitalize_first": capital,
        "value": figures.value,
        "limit": figures.limit,
        "axis": figures.axis,
        "ticks": figures.ticks,
        "second": second,
        "refusal": refusal,
        "difference": figures.points,
    }


def refusal(reason: str) -> str:
    """Why a line was refused, without the code that reports put before it."""
    code, _, why = reason.partition(": ")
    said = _REFUSALS.get(code)
    return f"{said}: {why}" if said else reason


def points(share: float | None, digits: int = 1) -> str:
    """A share as a reader sees it: 0.12 is `12.0 %`."""
    return "–" if share is None else figures.share(share, digits)


def rate(share: float) -> str:
    """A share that somebody set: 0.08 is `8 %`, 0.125 is `12.5 %`."""
    return figures.limit(share)


def number(value: float | None) -> str:
    """1240 is `1,240`; decimals only where there are any."""
    return "–" if value is None else figures.count(value)


def amount(value: float | None, unit: str = "number", words: Words = IN_ENGLISH) -> str:
    """A key result's value in its unit: `12 %`, `€ 31,200`, `1,515`."""
    return "–" if value is None else amounts.amount(value, unit, words)


def change(value: float | None, unit: str = "number") -> str:
    """A difference, always with its sign; of a percentage in points."""
    return "–" if value is None else amounts.change(value, unit)


def ago(then: datetime | None, now: datetime) -> str:
    """`3 minutes ago`, `in 2 days`: the largest unit that fits."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    if abs(seconds) < _MINUTE:
        return "just now"
    span = _span(abs(seconds))
    return f"{span} ago" if seconds > 0 else f"in {span}"


def _span(seconds: float) -> str:
    for size, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            return plural(int(seconds // size), name)
    return "a moment"


def plural(count: float, one: str, many: str | None = None) -> str:
    """`1 person`, `600 people`."""
    return figures.plural(count, one, many)


def plain(value: object) -> str:
    """A name of ours as words: `unsubscribe_rate` is `unsubscribe rate`."""
    return str(value).replace("_", " ").replace("-", " ")


def capital(text: str) -> str:
    """With a large first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def short(value: date) -> str:
    """`22 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def _local(value: datetime | date, zone: ZoneInfo) -> date:
    return value.astimezone(zone) if isinstance(value, datetime) else value


def weekday(value: date) -> str:
    """`Sun 22 Nov 2026`."""
    return f"{value:%a} {value.day} {value:%b %Y}"
