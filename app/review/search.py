"""Full-text search over learnings: FTS5 on SQLite, tsvector on PostgreSQL, the same words on both.

Folding is ours, so that neither database's idea of case, accents or word ends shows.
"""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

_MOST_WORDS = 12
_NAME_WEIGHS = 10  # a word in a name, in words of a text
_LONGEST = 60  # characters of a word
_WORD = re.compile(r"[^\W_]+")
_INSERT = text("""
    -- One decision's words.
    INSERT INTO learning_text (decision_id, title, body)
    VALUES (:decision_id, :title, :body)
""")
_DELETE = text("""
    -- Before they are written anew.
    DELETE FROM learning_text
     WHERE decision_id = :decision_id
""")
_ON_SQLITE = text("""
    -- Every word is the beginning of one of theirs.
    SELECT decision_id
      FROM learning_text
     WHERE learning_text MATCH :asked
     ORDER BY decision_id
""")
_ON_POSTGRES = text("""
    -- As above.
    SELECT decision_id
      FROM learning_text
     WHERE words @@ to_tsquery('simple', :asked)
     ORDER BY decision_id
""")


def write(session: Session, decision_id: str, *, title: str, body: str) -> None:
    """Keep the words of a decision; what was kept before is replaced."""
    session.connection().execute(_DELETE, {"decision_id": decision_id})
    row = {"decision_id": decision_id, "title": _joined(title), "body": _joined(body)}
    session.connection().execute(_INSERT, row)


def matching(session: Session, asked: str) -> Sequence[str]:
    """Ids of decisions in which every word begins one of theirs."""
    words = words_of(asked)[:_MOST_WORDS]
    if not words:
        return ()
    if session.get_bind().dialect.name == "postgresql":
        query, wanted = _ON_POSTGRES, " & ".join(f"{word}:*" for word in words)
    else:
        query, wanted = _ON_SQLITE, " ".join(f'"{word}"*' for word in words)
    found = session.connection().execute(query, {"asked": wanted})
    return [row.decision_id for row in found]


def score(title: str, body: str, asked: str) -> int:
    """How well a learning fits: how often a word of it begins with one that was asked for."""
    wanted = tuple(words_of(asked))
    return sum(
        weight * sum(word.startswith(wanted) for word in words_of(written))
        for written, weight in ((title, _NAME_WEIGHS), (body, 1))
    )


def words_of(written: str) -> list[str]:
    """Words without case and accents: `Bäcker's 8.2 %` is backer, s, 8, 2."""
    return [word[:_LONGEST] for word in _WORD.findall(folded(written))]


def marked(written: str, asked: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it is a word that was asked for."""
    words = tuple(words_of(asked))
    if not words:
        return ((written, False),)
    pieces, at = [], 0
    for found in _WORD.finditer(written):
        if "".join(_WORD.findall(folded(found[0]))).startswith(words):
            pieces += [(written[at : found.start()], False), (found[0], True)]
            at = found.end()
    return tuple(piece for piece in (*pieces, (written[at:], False)) if piece[0])


def folded(written: str) -> str:
    """Lower case without accents."""
    plain = unicodedata.normalize("NFKD", written.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))


def _joined(written: str) -> str:
    return " ".join(words_of(written))
