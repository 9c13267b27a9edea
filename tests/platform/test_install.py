from datetime import UTC, datetime
from random import Random

import pytest
from sqlmodel import Session

from app.platform import install
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.install import Install, OtherKeys

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_an_installation_is_made_once(session: Session):
    install.ensure(session, now=NOW, rng=Random(1))
    epoch = session.get_one(Install, 1).epoch
    install.ensure(session, now=NOW, rng=Random(2))

    session.expire_all()
    assert session.get_one(Install, 1).epoch == epoch
    assert 0 < epoch < 2**31


def test_ids_of_sends_carry_the_epoch_and_are_never_given_twice(session: Session):
    install.ensure(session, now=NOW)

    first, second = install.take_send_ids(session, 3), install.take_send_ids(session, 2)

    epoch = session.get_one(Install, 1).epoch
    assert [one & 0xFFFF_FFFF for one in [*first, *second]] == [1, 2, 3, 4, 5]
    assert {one >> 32 for one in [*first, *second]} == {epoch}


def test_sets_are_numbered_from_one(session: Session):
    install.ensure(session, now=NOW)

    assert [install.take_set_id(session) for _ in range(3)] == [1, 2, 3]


def test_numbers_that_are_used_up_are_an_error(session: Session):
    install.ensure(session, now=NOW)

    with pytest.raises(Conflict, match="given out"):
        install.take_send_ids(session, 2**32)


def take_and_fail(database: Database) -> None:
    with database.write() as session:
        install.take_send_ids(session, 5)
        raise RuntimeError


def test_numbers_of_a_transaction_that_failed_are_given_out_again(database: Database):
    with database.write() as session:
        install.ensure(session, now=NOW)
    with pytest.raises(RuntimeError):
        take_and_fail(database)
    with database.write() as session:
        kept = install.take_send_ids(session, 1)

    assert kept[0] & 0xFFFF_FFFF == 1


def test_new_keys_are_remembered(session: Session):
    install.ensure(session, now=NOW)
    install.check_keys(session, ["a"])
    install.check_keys(session, ["b", "a"])

    session.expire_all()
    assert session.get_one(Install, 1).key_fingerprints == ["a", "b"]


def test_a_process_without_a_key_that_signed_is_told_to_copy_it(session: Session):
    install.ensure(session, now=NOW)
    install.check_keys(session, ["a", "b"])

    with pytest.raises(OtherKeys, match="THINSLICE_SECRET_KEYS"):
        install.check_keys(session, ["b"])
