import base64

import pytest

from app.platform.vault import Sealed, Vault

OLD, NEW = b"o" * 48, b"n" * 48


def test_what_is_sealed_is_read_back_and_says_nothing():
    sealed = Vault.of([OLD]).seal({"token": "t0ken"}, owner="a")

    assert Vault.of([OLD]).open(sealed, owner="a") == {"token": "t0ken"}
    assert b"t0ken" not in base64.b64decode(sealed)


def test_after_a_rotation_of_keys_old_secrets_are_still_read():
    sealed = Vault.of([OLD]).seal({"token": "t0ken"}, owner="a")

    assert Vault.of([NEW, OLD]).open(sealed, owner="a") == {"token": "t0ken"}


def test_without_its_key_a_secret_stays_shut():
    sealed = Vault.of([OLD]).seal({"token": "t0ken"}, owner="a")

    with pytest.raises(Sealed, match="THINSLICE_SECRET_KEYS"):
        Vault.of([NEW]).open(sealed, owner="a")


def test_a_secret_that_was_moved_to_another_row_stays_shut():
    sealed = Vault.of([OLD]).seal({"token": "t0ken"}, owner="a")

    with pytest.raises(Sealed):
        Vault.of([OLD]).open(sealed, owner="b")
