"""Passwords are kept with argon2, and trivial ones not at all."""

import pytest

from app.identity import passwords
from app.platform.errors import Invalid
from tests.identity.scenes import AS_SERVED, PASSWORD, hashed_password


def test_a_password_is_kept_with_argon2_and_nowhere_in_clear():
    assert hashed_password().startswith("$argon2id$")
    assert PASSWORD not in hashed_password()


def test_outside_of_tests_each_costs_as_much_as_is_recommended():
    """Here they are kept in a millisecond (`tests.conftest`)."""
    as_served = AS_SERVED.hash(PASSWORD)

    assert "$m=65536,t=3,p=4$" in as_served  # RFC 9106, where memory is short
    assert "$m=8,t=1,p=1$" in hashed_password()
    assert AS_SERVED.verify(PASSWORD, hashed_password())


def test_only_the_right_password_matches():
    assert passwords.matches(PASSWORD, hashed_password())
    assert not passwords.matches(PASSWORD + "!", hashed_password())


def test_where_there_is_no_password_nothing_matches():
    assert not passwords.matches("nobody has this password", None)


@pytest.mark.parametrize("password", ["", "123456789", "aaaaaaaaaaaa", "abababababab", "a1" * 501])
def test_a_short_an_endless_or_a_trivial_one_is_refused(password: str):
    with pytest.raises(Invalid, match="at least 10 characters") as refused:
        passwords.hashed(password)

    assert refused.value.errors[0].field == "password"
    assert password == "" or password not in str(refused.value)
