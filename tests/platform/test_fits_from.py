"""A machine that is not replaced yet lives with what a later version made of the database."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from app.ops.installation import House, check, prepare
from app.platform import migrate
from app.platform.db import Database
from app.platform.install import Install
from app.platform.migrate import WrongSchema
from tests.platform.test_migrations_only_add import modules

_HEAD = max(modules())
_FITS = sorted(revision for revision in modules() if revision >= migrate.fits_from())


def migrated_by_a_later_version(database: Database, *, fits_from: str | None) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        session.execute(text("UPDATE install SET fits_from = :it"), {"it": fits_from})


def test_whoever_migrates_says_what_can_live_with_it(house: House):
    prepare(house)

    with house.database.read() as session:
        assert session.get_one(Install, 1).fits_from == migrate.fits_from() == "0046"


@pytest.mark.parametrize("oldest", _FITS)
@pytest.mark.parametrize("starts", [check, prepare], ids=["as it is", "and migrates"])
def test_a_version_that_fits_runs_on_and_says_nothing_of_it(
    house: House, oldest: str, starts: Callable[[House], object]
):
    prepare(house)
    migrated_by_a_later_version(house.database, fits_from=oldest)
    starts(house)

    with house.database.read() as session:
        assert session.get_one(Install, 1).fits_from == oldest  # that is not an older one's to say
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize("oldest", [f"{int(_HEAD) + 1:04}", "9999", None])
@pytest.mark.parametrize("starts", [check, prepare], ids=["as it is", "and migrates"])
def test_a_version_that_does_not_fit_is_refused_in_words(
    house: House, oldest: str | None, starts: Callable[[House], object]
):
    prepare(house)
    migrated_by_a_later_version(house.database, fits_from=oldest)

    with pytest.raises(WrongSchema, match=r"ahead of this version \(it is at 9999\)"):
        starts(house)


def test_a_later_database_that_says_nothing_is_refused(house: House):
    prepare(house)
    with house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        session.execute(text("ALTER TABLE install DROP COLUMN fits_from"))

    with pytest.raises(WrongSchema, match="ahead of this version"):
        migrate.check(house.database)
