"""The bill of materials names all that runs, and an audit is believed only where it can find."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests import parts
from tests.parts import CANARY, ROOT, Audited


def test_every_dependency_that_is_declared_is_a_part_and_no_tool_of_tests_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {_name(line) for line in (*project["dependencies"], *extras["agents"])}
    found = parts.runtime()

    assert declared <= found.keys()
    assert found.keys().isdisjoint({"pytest", "ruff", "hypothesis", "thinslice"})
    assert {"argon2-cffi", "psycopg-binary"} <= found.keys()  # by way of extras


def _name(line: str) -> str:
    return parts.plain(line.partition(">")[0].partition("[")[0])


def _bom(*names: tuple[str, str]) -> dict[str, Any]:
    components = [{"name": name, "version": of, "bom-ref": f"{name}=={of}"} for name, of in names]
    return {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": components,
        "dependencies": [{"ref": "root", "dependsOn": [one["bom-ref"] for one in components]}],
    }


def test_a_bill_without_a_part_or_with_another_version_is_noticed():
    bom = _bom(("Python_Liquid", "2.1"), ("httpx", "0.28"))

    assert parts.lacking(bom, {"python-liquid": "2.1", "httpx": "0.28"}) == []
    assert parts.lacking(bom, {"python-liquid": "2.2", "segno": "1"}) == [
        "python-liquid 2.2", "segno 1",
    ]  # fmt: skip


def test_what_only_tests_use_is_left_out_with_the_links_to_it():
    bom = parts.shortened(_bom(("httpx", "0.28"), ("pytest", "9")), {"httpx": "0.28"})

    assert [one["name"] for one in bom["components"]] == ["httpx"]
    assert bom["dependencies"] == [{"ref": "root", "dependsOn": ["httpx==0.28"]}]


class Database:
    """Answers as pip-audit prints it: what it knows, and whom it was asked about."""

    def __init__(self, *, knows: Mapping[str, Sequence[str]], falls_silent: bool = False) -> None:
        self.knows, self.falls_silent = knows, falls_silent
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, database: str, pinned: Sequence[str]) -> dict[str, Any] | None:
        self.asked.append((database, tuple(pinned)))
        if database != "osv" or (self.falls_silent and len(self.asked) > 2):
            return None
        return {"dependencies": [self._about(*one.split("==")) for one in pinned]}

    def _about(self, name: str, number: str) -> dict[str, Any]:
        if name == "ours":
            return {"name": name, "skip_reason": "not found"}
        found = [{"id": one, "fix_versions": ["9"]} for one in self.knows.get(name, ())]
        return {"name": name, "version": number, "vulns": found}


_PARTS = {"httpx": "0.28", "ours": "1"}


def test_a_database_that_does_not_find_the_canary_is_not_believed():
    database = Database(knows={})
    found = parts.audited(_PARTS, database)

    assert found == Audited("not audited: no advisory database reached")
    assert {asked for _, asked in database.asked} == {(CANARY,)}


def test_where_the_canary_is_found_every_part_is_asked_about():
    found = parts.audited(_PARTS, Database(knows={"jinja2": ["CVE-1"]}))

    assert found == Audited("osv: 1 of 2 parts audited (not known there: ours), 0 advisories")


@pytest.mark.parametrize("falls_silent", [False, True], ids=["a finding", "no further answer"])
def test_findings_and_silence_after_the_canary_fail(falls_silent: bool):
    knows = {"jinja2": ["CVE-1"], "httpx": ["CVE-2"]}
    found = parts.audited(_PARTS, Database(knows=knows, falls_silent=falls_silent))

    assert found.failed
    assert ("httpx 0.28: CVE-2, mended in 9" in found.said) is not falls_silent
