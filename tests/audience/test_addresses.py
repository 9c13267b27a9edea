"""Addresses: one key each, and never another answer than the library's."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audience.addresses import BadAddress, key_of

signs = st.text("abzAZ09.+-_@ !'ø\"", max_size=24)


@given(
    signs,
    st.sampled_from(
        ["b.example", "-b.example", "b..example", "bäcker.example", "b", "", "[127.0.0.1]"]
    ),
)
@settings(max_examples=400)
def test_the_quick_way_says_what_the_library_says(local: str, domain: str):
    text = f"{local}@{domain}".strip()
    try:
        expected = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        with pytest.raises(BadAddress):
            key_of(text)
        return
    if expected.local_part.isascii():
        assert key_of(text) == f"{expected.local_part}@{expected.ascii_domain}".lower()
    else:
        with pytest.raises(BadAddress, match="beyond ASCII"):
            key_of(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "a@b.example\r\nBcc: x@y.example", "a\0@b.example", "x" * 250 + "@b.example"]
)
def test_what_is_no_address_is_refused_with_its_reason(text: str):
    with pytest.raises(BadAddress, match="address cannot be used"):
        key_of(text)


def test_letters_and_punycode_make_one_key():
    assert key_of("Ann@BÄCKER.example") == key_of("ann@xn--bcker-gra.example")
