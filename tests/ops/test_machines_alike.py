"""Machines of one installation that run with other settings are told wherever one looks."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.links.keyring import Keyring
from app.ops import doctor, folder_findings, own_settings
from app.ops.installation import House, open_house
from app.ops.registering import Registration
from app.platform import config
from app.platform.config import Settings
from app.tracking import alike
from app.tracking.folders import SILENT_AFTER
from app.tracking.models import DataFolder
from tests.moments import NOW
from tests.ops.test_backup_contents import SETTINGS

KEY, NEWER = b"kD8f2mQz7LrXw4Nb9TjVc6HsYe1GpAu3KdMf5", b"kD8f2mQz7LrXw4Nb9TjVc6HsYe1GpAu3KRn7q"
KEYS = Keyring.of([KEY])


@pytest.fixture
def unusual(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Each is another one than by default."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"THINSLICE_{name.upper()}", value)
    return config.load()


def row(
    name: str, prints: dict[str, str], *, seen_at: datetime = NOW, drained: bool = False
) -> DataFolder:
    return DataFolder(
        id=name,
        host=name,
        path="/srv",
        registered_at=NOW,
        seen_at=seen_at,
        drained=drained,
        settings=alike.written(prints),
    )


def apart(*rows: DataFolder) -> dict[str, str]:
    return alike.apart(rows, now=NOW)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_compared_that_is_not_a_machines_own(unusual: Settings, name: str):
    usual = Settings.model_fields[name].get_default(call_default_factory=True)
    another = usual if usual != getattr(unusual, name) else not usual
    changed = unusual.model_copy(update={name: another})
    seen = [own_settings.prints(one, KEYS) for one in (unusual, unusual, changed)]
    found = apart(*(row(f"web-{n}", prints) for n, prints in enumerate(seen)))

    if name in own_settings.OWN:
        assert found == {}
    else:
        assert [*found] == ["web-2"]
        assert f"Another THINSLICE_{name.upper()} than on web-0: " in found["web-2"]


def test_own_settings_are_settings():
    assert set(Settings.model_fields) > own_settings.OWN


def test_prints_tell_nothing_without_the_key(unusual: Settings):
    ours, theirs = (own_settings.prints(unusual, Keyring.of([key])) for key in (KEY, NEWER))

    assert not set(ours.values()) & set(theirs.values())
    assert {len(seen) for seen in ours.values()} == {16}


def test_only_machines_that_live_and_know_the_same_are_compared(unusual: Settings):
    ours = own_settings.prints(unusual, KEYS)
    other = ours | {"warm_up": "another", "timezone": "another"}
    older = {name: seen for name, seen in other.items() if name != "warm_up"}
    rotated = own_settings.prints(unusual.model_copy(), Keyring.of([NEWER, KEY]))
    long_ago = NOW - SILENT_AFTER - timedelta(seconds=1)
    found = apart(
        row("gone", other, seen_at=long_ago),
        row("stopped", other, drained=True),
        row("first", ours),
        row("odd", other),
        row("before an upgrade", older),
        row("before this was compared", {}),
        row("key in rotation", rotated),
        row("like the first", ours),
    )

    assert {name: said.partition(" than ")[0] for name, said in found.items()} == {
        "odd": "Another THINSLICE_TIMEZONE and THINSLICE_WARM_UP",
        "before an upgrade": "Another THINSLICE_TIMEZONE",
    }
    assert apart() == {}


def house_of(url: str, folder: Path, **settings: str) -> House:
    return open_house(
        config.load(data_dir=folder, database_url=url, secret_keys=KEY.decode(), **settings)
    )


def test_a_machine_says_at_its_start_and_to_the_doctor_what_it_has_other(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    first = house_of(database_url, tmp_path / "one")
    second = house_of(database_url, tmp_path / "two", warm_up="2026-12-01 50 1.5")
    Registration(first).attempt()
    before = doctor._finding("machines", folder_findings.are_alike, second)
    with caplog.at_level(logging.WARNING):
        Registration(second).attempt()
    after = [
        doctor._finding("machines", folder_findings.are_alike, house) for house in (first, second)
    ]
    mended = house_of(database_url, tmp_path / "two")
    Registration(mended).attempt()
    at_last = doctor._finding("machines", folder_findings.are_alike, first)
    for house in (first, second, mended):
        house.database.close()

    assert (before.fine, at_last.fine) == (True, True)
    assert ["Another THINSLICE_WARM_UP than on" in line for line in caplog.messages] == [True]
    assert {(one.fine, "Another THINSLICE_WARM_UP than" in one.sentence) for one in after} == {
        (False, True)
    }
