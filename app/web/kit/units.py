"""What a key result can be counted in, as forms offer it: chosen, not typed."""

from typing import Final

from app.platform.asked import Choices

UNITS: Final[Choices] = (
    ("number", "a count"), ("percent", "%"), ("EUR", "€"), ("USD", "$"), ("GBP", "£"),
    ("CHF", "CHF"), ("NOK", "NOK"), ("SEK", "SEK"), ("DKK", "DKK"), ("PLN", "PLN"), ("CZK", "CZK"),
    ("CAD", "CAD"), ("AUD", "AUD"), ("JPY", "JPY"), ("INR", "INR"), ("BRL", "BRL"),
)  # fmt: skip
