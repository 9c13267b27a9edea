"""Words of a cell that stand for something else: nothing at all, yes, no."""

_NOTHING = {
    "null", "(null)", "<null>", "[null]", "\\n", "none", "nil", "nan", "undefined", "n/a", "n.a.",
    "#n/a", "#n/v", "#nv", "#na", "#null!", "#ref!", "#value!", "#wert!", "#bezug!", "#div/0!",
    "#name?", "#num!", "#zahl!", "k.a.", "k. a.", "k.a", "keine angabe", "not available", "(blank)",
    "(empty)", "(none)", "-", "--", "---", "–", "—", "?", "...", "…", "nat", "<na>", "s/d", "n.d.",
}  # fmt: skip
_NOTHING_IN_NUMBERS = {"na", "nv", "tbd", "."}  # NA is Namibia where a column holds text
_YES = {
    "yes", "true", "y", "t", "on", "ja", "j", "oui", "o", "vrai", "wahr", "sí", "si", "sì", "s",
    "verdadero", "vero", "sim", "verdadeiro", "tak", "kyllä", "ano", "igen", "evet", "sant", "sand",
    "waar", "✓", "✔", "☑", "✅",
}  # fmt: skip
_NO = {
    "no", "false", "n", "f", "off", "nein", "nei", "nej", "nee", "non", "faux", "falsch", "falso",
    "não", "nao", "nie", "ei", "ne", "nem", "hayır", "usant", "falsk", "onwaar", "✗", "✘", "☐",
    "❌",
}  # fmt: skip


def is_nothing(text: str) -> bool:
    """Whether a cell says in a word that it is empty."""
    return text.strip().casefold() in _NOTHING


def is_nothing_in_numbers(text: str) -> bool:
    """The same in a column of numbers, dates or yes and no, where more words mean it."""
    return is_nothing(text) or text.strip().casefold() in _NOTHING_IN_NUMBERS


def yes_or_no(text: str) -> bool | None:
    """What a word answers, in the languages of common exports; None where it answers nothing."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    return False if word in _NO else None
