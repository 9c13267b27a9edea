"""What an operator allows values to be read from."""

import pytest

from app.platform import config


def test_private_hosts_are_allowed_by_name_only(monkeypatch: pytest.MonkeyPatch):
    assert config.load().allow_private_sources == ()

    monkeypatch.setenv("THINSLICE_ALLOW_PRIVATE_SOURCES", "numbers.internal, 10.0.0.7:8080")

    assert config.load().allow_private_sources == ("numbers.internal", "10.0.0.7:8080")


def test_databases_are_named_by_what_follows_the_prefix(monkeypatch: pytest.MonkeyPatch):
    assert config.load().sql_connections == {}

    monkeypatch.setenv("THINSLICE_SQL_SHOP", "postgres://reader@db/shop")
    monkeypatch.setenv("THINSLICE_SQL_EMPTY", "")

    assert config.load().sql_connections == {"shop": "postgresql://reader@db/shop"}
