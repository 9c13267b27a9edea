"""An answer that is one word, and that word asks for no more mail.

Only where it is all that somebody wrote: whoever writes one more word may mean anything, and a
person reads it. Quotes, signatures and what telephones add are taken out before.
"""

import re
from typing import Final

from app.delivery.inbox.written import Written

# As people say it to a machine, in the languages that we speak; without case, accents kept.
_ASKS: Final = frozenset({
    "stop", "unsubscribe", "unsubscribe me", "please unsubscribe", "please unsubscribe me",
    "remove me", "opt out",
    "stopp", "abmelden", "bitte abmelden", "abbestellen", "bitte abbestellen", "austragen",
    "bitte austragen", "abmeldung",
    "arrêt", "arrêter", "stop svp", "désabonner", "désabonnement", "me désabonner",
    "désabonnez-moi", "se désabonner", "désinscription", "me désinscrire", "désinscrire",
    "baja", "darme de baja", "dar de baja", "darse de baja", "cancelar suscripción",
    "cancelar la suscripción", "desuscribir", "desuscribirme",
    "stans", "meld av", "meld meg av", "avmeld", "avmelding", "avslutt",
})  # fmt: skip
_AROUND = " \t\n.,;:!?¡¿…'\"„“”‚‘’«»()[]*_-–—"
_SPACES = re.compile(r"\s+")
_LONGEST = 60  # characters of an answer that is looked at


def asks(words: str) -> bool:
    """Whether an answer's own words are nothing but that."""
    if len(words) > _LONGEST:
        return False
    bare = _SPACES.sub(" ", words.strip(_AROUND)).casefold()
    return bare in _ASKS


def is_asked(written: Written | None) -> bool:
    """The same of what was read; what is cut, or could not be read, says more than a word."""
    return written is not None and not written.is_cut and asks(written.words)
