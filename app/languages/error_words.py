"""What an error page says to whoever came by a link of a mail: the sentences are raised elsewhere.

They stand here so that the catalogues have them; a test asks that no such page raises another.
"""

from app.languages.words import Words

NOT_VALID = "This link is not valid. It may have been cut off by a mail program."
NOT_HERE = "This page is not here any more."
NOT_FOUND = "Not found"
ADVICE = "Open the link from the mail itself, or ask whoever sent it."
EVERY = (NOT_VALID, NOT_HERE, NOT_FOUND, ADVICE)


def said(sentence: str, words: Words) -> str:
    """One of these in a language; any other sentence as it is."""
    return words.say(sentence) if sentence in EVERY else sentence
