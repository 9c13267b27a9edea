"""Kinds of mail as their readers know them."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.experiments.vocabulary import MailKind
from app.languages.words import Words

# The sentences are the keys of the catalogues.
_TOLD: Mapping[MailKind, tuple[str, str]] = {
    MailKind.INSIGHTS: ("About your own numbers", "What we found in what you do with us."),
    MailKind.FEATURES: ("Something new to try", "New things that are ready, or nearly."),
    MailKind.QUESTIONS: ("Questions to you", "We ask what you think or need."),
    MailKind.OFFERS: ("Offers and prices", "What something costs, or would cost."),
    MailKind.OTHER: ("Everything else", "What fits none of the others."),
}


@dataclass(frozen=True, slots=True)
class KindLine:
    """One kind, and whether somebody gets it."""

    value: str
    name: str
    about: str
    is_wanted: bool


def told(kind: MailKind, words: Words) -> str:
    """What a kind is called."""
    return words.say(_TOLD[kind][0])


def lines(wanted: Mapping[MailKind, bool], words: Words) -> list[KindLine]:
    """Every kind, in one order."""
    return [
        KindLine(kind, told(kind, words), words.say(about), wanted[kind])
        for kind, (_, about) in _TOLD.items()
    ]
