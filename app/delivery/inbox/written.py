"""What a person wrote in a mail that answers ours: their words, without what they quote.

Every mail program writes above a quote whom it quotes, so our own address is where their words end:
no list of languages is needed. Read in a child process, for a mail may be anything.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser

from app.delivery.inbox.html_words import text_of_html
from app.platform.texts import storable_part

MOST_CHARS = 4_000  # kept of an answer; ours: two pages
_MOST_READ = 200_000  # characters of a text, its quote and all
_MOST_LINES = 5_000
_SHORT = 200  # characters of a line that a program draws
_HEADER_LINES = 3  # over which a program may break what stands above a quote
_DATE = re.compile(r"\d{1,2}[:.]\d{2}|\b\d{4}\b")
_RULES = ("---", "___", "===", "***")  # around what a program says above a quote, or alone
_LONG_RULE = 4
_LABEL = re.compile(r"[\s>*]{0,9}[^\W\d_]{1,14}( [^\W\d_]{1,12})?\s?\*?[:：]")
_ENDS = re.compile(r"[.!?…)]\s*$")
_SIGNATURE = re.compile(r"-- ?")
# What telephones write under a mail, as far as we met it: it stands last, and alone.
_TELEPHONE = re.compile(
    r"(sent|get) (from|outlook for|with|via) .{1,40}|sendt fra min .{1,30}|skickat från min .{1,30}"
    r"|von meinem .{1,30} gesendet|gesendet (von|mit) .{1,40}|envoyé (de|depuis) mon .{1,30}"
    r"|enviado desde mi .{1,30}|verzonden (vanaf|met) .{1,40}|inviato da .{1,40}",
    re.IGNORECASE,
)
# Turns the direction of what follows, or is no character of any text.
_UNSHOWN = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_BLANK = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody's own words."""

    words: str  # may be none: whoever sends a picture alone has answered, too
    is_cut: bool = False  # there were more than are kept
    left_out: int = 0  # files that came with them


def read(raw: bytes, ours: Sequence[str]) -> Written:
    """A mail's own words. `ours`: the addresses that it may quote us by."""
    message = BytesParser().parsebytes(raw)
    texts, left_out = _parts(message)
    plain = "\n".join(text for kind, text in texts if kind == "plain").strip()
    html = "\n".join(text for kind, text in texts if kind == "html")
    words = own_words(plain or text_of_html(html[:_MOST_READ]), ours)
    return Written(words[:MOST_CHARS].rstrip(), len(words) > MOST_CHARS, left_out)


def _parts(message: Message) -> tuple[list[tuple[str, str]], int]:
    """Its texts, by kind and in order, and how many files it brings. A mail within is a file."""
    texts: list[tuple[str, str]] = []
    files = 0
    for part in _leaves(message):
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment" or kind.startswith("message/"):
            files += 1
        elif kind in {"text/plain", "text/html"}:
            texts.append((kind.removeprefix("text/"), _decoded(part)))
        elif "Content-ID" not in part and not kind.startswith(("text/", "multipart/")):
            files += 1
    return texts, files


def _leaves(message: Message) -> Iterator[Message]:
    """Parts that hold something, in order; what another mail within holds is not looked at."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        held = part.get_payload()
        if isinstance(held, list) and part.get_content_maintype() == "multipart":
            waiting += [one for one in reversed(held) if isinstance(one, Message)]
        else:
            yield part


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    some = payload[: 4 * _MOST_READ]
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return some.decode(charset)[:_MOST_READ]
        except (LookupError, ValueError):
            continue
    return some.decode("cp1252", "replace")[:_MOST_READ]


def own_words(text: str, ours: Sequence[str]) -> str:
    """A text without its quotes, its signature and what a telephone writes under it."""
    clean = _UNSHOWN.sub("", storable_part(text.replace("\r\n", "\n").replace("\r", "\n")))
    lines = [line.rstrip() for line in clean.split("\n")[:_MOST_LINES]]
    lines = _unquoted(lines, [one.casefold() for one in ours if one])
    end = next((at for at, line in enumerate(lines) if _SIGNATURE.fullmatch(line)), len(lines))
    lines = lines[:end]
    while lines and (not lines[-1].strip() or _TELEPHONE.fullmatch(lines[-1].strip())):
        lines.pop()
    return _BLANK.sub("\n\n", "\n".join(lines)).strip()


def _unquoted(lines: Sequence[str], ours: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for at, line in enumerate(lines):
        if line.lstrip().startswith(">"):
            if not _is_quoted_before(lines, at):
                _drop_announcement(kept)
            continue
        if _quotes_us(line, ours):
            _drop_header(kept, line)
            if not _quotes_below(lines, at):
                break
            continue
        kept.append(line)
    return kept


def _is_quoted_before(lines: Sequence[str], at: int) -> bool:
    return at > 0 and lines[at - 1].lstrip().startswith(">")


def _quotes_us(line: str, ours: Sequence[str]) -> bool:
    """Whether a program names us above a quote; a person may do so in a sentence, too."""
    folded = line.casefold()
    if not any(one in folded for one in ours):
        return False
    bare = folded.strip()
    return (
        bare.endswith((":", "：", ">"))
        or bool(_LABEL.match(line))
        or bool(_DATE.search(line))
        or any(f"<{one}" in folded for one in ours)
    )


def _drop_announcement(kept: list[str]) -> None:
    """Above a quote: `On 24 November 2026 at 10:00, Halvern wrote:`, in whatever language."""
    while kept and not kept[-1]:
        kept.pop()
    if kept and kept[-1].rstrip().endswith(":") and _DATE.search(_last(kept)):
        line = kept.pop()
        _drop_header(kept, line)


def _last(kept: Sequence[str]) -> str:
    return " ".join(kept[-2:])


def _drop_header(kept: list[str], line: str) -> None:
    """The lines before `line` that belong to it: a rule, or the beginning of a broken one."""
    for _ in range(_HEADER_LINES):
        if len(kept) > 1 and not kept[-1] and _is_rule(kept[-2]):
            kept.pop()
        if not kept or not _belongs(kept[-1], line):
            return
        line = kept.pop()


def _belongs(before: str, line: str) -> bool:
    if _is_rule(before):
        return True
    if _LABEL.match(line):  # a block of labels: only more of them belong to it
        return bool(_LABEL.match(before) and _DATE.search(before))
    is_broken = not _DATE.search(line)  # the date stands on the line before
    return is_broken and bool(_DATE.search(before)) and not _ENDS.search(before)


def _is_rule(line: str) -> bool:
    drawn = line.strip("> \t")
    is_around = drawn.startswith(_RULES) and drawn.endswith(_RULES)
    return len(line) < _SHORT and (
        is_around or (len(drawn) > _LONG_RULE and not drawn.strip("-_=*"))
    )


def _quotes_below(lines: Sequence[str], at: int) -> bool:
    """Whether what follows is quoted line by line: then their words may stand between."""
    below = (line for line in lines[at + 1 : at + 1 + _HEADER_LINES + 1] if line.strip())
    return any(line.lstrip().startswith(">") for line in below)
