"""Columns that say who opted out elsewhere: known by their headings, read cell by cell.

Mailchimp, HubSpot, Salesforce, Klaviyo, Brevo, Shopify and spreadsheets in four languages call it
otherwise, and mean one thing: this person is not to be mailed.
"""

import re
from enum import StrEnum

from app.audience import words
from app.audience.columns import folded
from app.audience.own import OWN


class OptOut(StrEnum):
    """What in a column says that somebody opted out."""

    YES = "yes"
    NO = "no"
    WORD = "word"
    IGNORED = "ignored"


REASON = "opted out elsewhere"  # of the suppression
_YES = {  # a yes, or a day, means: no mail
    "unsubscribed", "unsubscribe", "unsubscribedat", "unsubscribedate", "unsubscribetime",
    "unsubtime", "optout", "optouts", "optedout", "optoutdate", "optouttime", "emailoptout",
    "hasoptedoutofemail", "optedoutofemail", "unsubscribedfromallemail",
    "unsubscribedfromemail", "donotcontact", "donotmail", "donotemail", "donotsend", "nomail",
    "noemail", "blacklisted", "blocklisted", "emailblacklisted", "suppressed", "dnc",
    "abgemeldet", "abgemeldetam", "abbestellt", "ausgetragen", "keinewerbung",
    "nichtkontaktieren", "nichtanschreiben", "keinemails", "keinemail", "widerspruch",
    "werbesperre", "mailsperre", "widerrufen", "désabonné", "desabonne", "désabonnée",
    "désinscrit", "desinscrit", "désinscription", "nepascontacter", "pasdemail",
    "oppositionemail", "stopemail", "baja", "dadodebaja", "dadadebaja", "nocontactar",
    "noenviar", "darsedebaja", "excluido", "desuscrito", "avmeldt", "reservert",
    "måikkekontaktes",
}  # fmt: skip
_NO = {  # a no means: no mail
    "consent", "emailconsent", "marketingconsent", "emailmarketingconsent", "gdprconsent",
    "consentemail", "optin", "optedin", "emailoptin", "subscribed", "issubscribed",
    "acceptsmarketing", "acceptsemailmarketing", "emailmarketing", "marketingoptin",
    "mayemail", "maycontact", "mailingallowed", "newsletter", "newsletteroptin",
    "receivesemails", "einwilligung", "zustimmung", "werbeeinwilligung", "werbungerlaubt",
    "darfkontaktiertwerden", "angemeldet", "consentement", "abonné", "abonne", "accepteemail",
    "accepteemails", "inscrit", "consentimiento", "suscrito", "suscrita", "aceptamarketing",
    "aceptacorreos", "samtykke",
}  # fmt: skip
_STATES = {
    "status", "state", "subscription", "membership", "subscriber", "consent", "optin", "optout",
    "newsletter", "marketing", "mailing", "abo", "anmeldung", "abonnement", "statut", "estado",
    "suscripción", "suscripcion", "zustand",
}  # fmt: skip
_OUT = {  # words that say it by themselves
    "unsubscribed", "unsubscribe", "unsub", "optedout", "optout", "donotcontact", "donotmail",
    "donotemail", "cleaned", "complained", "spam", "spamcomplaint", "suppressed",
    "blacklisted", "blocklisted", "revoked", "withdrawn", "declined", "abgemeldet",
    "abbestellt", "ausgetragen", "widerrufen", "widersprochen", "gesperrt", "désabonné",
    "désabonnée", "desabonne", "désinscrit", "désinscrite", "desinscrit", "nepascontacter",
    "baja", "dadodebaja", "dadadebaja", "debaja", "nocontactar", "desuscrito", "desuscrita",
    "avmeldt",
}  # fmt: skip
_IN = {
    "subscribed", "active", "optedin", "optin", "confirmed", "granted", "given", "accepted",
    "angemeldet", "aktiv", "abonné", "abonnée", "inscrit", "inscrite", "actif", "alta",
    "suscrito", "suscrita", "activo", "never", "nie", "jamais", "nunca",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+")


def guessed(heading: str) -> OptOut | None:
    """How a column of this heading says it; None where it is about something else."""
    key = folded(heading)
    if any(key == folded(name) for name in OWN):
        return None
    if key in _YES:
        return OptOut.YES
    if key in _NO:
        return OptOut.NO
    parts = {one.casefold() for one in _WORD.findall(heading)}
    return OptOut.WORD if parts & _STATES or key in _STATES else None


def is_out(how: OptOut, cell: object) -> bool:
    """Whether a cell says that its person is not to be mailed.

    In a column of opt-outs whatever is no clear no says it: a day, a tick, a reason.
    """
    text = str(cell).strip()
    if how is OptOut.IGNORED or not text or words.is_nothing_in_numbers(text):
        return False
    word = folded(text)
    if word in _OUT:
        return True
    if how is OptOut.WORD or word in _IN:
        return False
    answer = {"1": True, "0": False, "1.0": True, "0.0": False}.get(text, words.yes_or_no(text))
    return answer is False if how is OptOut.NO else answer is not False
