"""What an installation is made of, as a bill of materials, and whether advisories name any of it.

`python -m tests.parts` writes `build/sbom.json` (CycloneDX) of this environment: the product, what
it needs and what agents need, without what only tests use. Then it asks databases of advisories.
One that is out of reach, or a mirror without advisories, says "nothing found" of anything; so each
is first asked about a version that is known to be vulnerable. Only one that finds it is believed.
"""

import json
import re
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
SBOM = BUILD / "sbom.json"
_TOOLS = ("cyclonedx-bom==7.5.0", "pip-audit==2.10.1")  # kept apart: they need thirty others
CANARY = "jinja2==2.11.2"  # CVE-2020-28493 and later ones
DATABASES = ("pypi", "osv")
_EXTRAS = ("", "agents")  # what an operator may install

Audit = Callable[[str, Sequence[str]], Mapping[str, Any] | None]


def main() -> int:
    """Write the bill of materials, then audit what stands in it."""
    tools = _tools()
    parts = runtime()
    bom = shortened(_of_environment(tools), parts)
    missing = lacking(bom, parts)
    if missing:
        print(f"the bill of materials lacks {', '.join(missing)}")
        return 1
    SBOM.write_text(json.dumps(bom, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{SBOM.relative_to(ROOT)}: {len(bom['components'])} parts")
    found = audited(parts, AuditBy(tools))
    print(found.said)
    return int(found.failed)


def runtime() -> dict[str, str]:
    """Every distribution that the product brings with it: its version here, by name."""
    found: dict[str, str] = {}
    waiting = [("thinslice", extra) for extra in _EXTRAS]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        for line in requires(name) or ():
            one = Requirement(line)
            if one.marker and not one.marker.evaluate({"extra": extra}):
                continue
            found[plain(one.name)] = version(one.name)
            further = {(plain(one.name), more) for more in ("", *one.extras)} - seen
            waiting += further
            seen |= further
    return dict(sorted(found.items()))


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def shortened(bom: dict[str, Any], parts: Mapping[str, str]) -> dict[str, Any]:
    """Without what only tests use."""
    kept = [one for one in bom["components"] if plain(one["name"]) in parts]
    refs = {one["bom-ref"] for one in kept} | {_root_ref(bom)}
    links = [
        one | {"dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in refs]}
        for one in bom.get("dependencies", ())
        if one["ref"] in refs
    ]
    return bom | {"components": kept, "dependencies": links}


def lacking(bom: Mapping[str, Any], parts: Mapping[str, str]) -> list[str]:
    """Parts that do not stand in it with the version that is here."""
    named = {(plain(one["name"]), one.get("version")) for one in bom["components"]}
    return sorted(f"{name} {number}" for name, number in set(parts.items()) - named)


@dataclass(frozen=True)
class Audited:
    """What came of an audit, for people and for whoever waits for the exit code."""

    said: str
    failed: bool = False


def audited(parts: Mapping[str, str], ask: Audit) -> Audited:
    """Ask the first database that knows the canary about every part."""
    for database in DATABASES:
        if not _findings(ask(database, [CANARY])):
            continue
        told = ask(database, [f"{name}=={number}" for name, number in parts.items()])
        if told is None:
            return Audited(f"{database} answered once, and then not: nothing is known", failed=True)
        skipped = [one["name"] for one in told["dependencies"] if "skip_reason" in one]
        found = _findings(told)
        said = f"{database}: {len(parts) - len(skipped)} of {len(parts)} parts audited"
        said += f" (not known there: {', '.join(skipped)})" if skipped else ""
        return Audited("\n".join([f"{said}, {len(found)} advisories", *found]), failed=bool(found))
    return Audited("not audited: no advisory database reached")


def _findings(told: Mapping[str, Any] | None) -> list[str]:
    """A line for each advisory."""
    return [
        f"{one['name']} {one['version']}: {advisory['id']}, mended in"
        f" {', '.join(advisory.get('fix_versions') or ['no version yet'])}"
        for one in (told or {}).get("dependencies", ())
        for advisory in one.get("vulns", ())
    ]


@dataclass(frozen=True)
class AuditBy:
    """pip-audit, of pinned names alone: nothing is installed."""

    tools: Path

    def __call__(self, database: str, pinned: Sequence[str]) -> Mapping[str, Any] | None:
        """What it told; None where its database did not answer."""
        listed = BUILD / "audited.txt"
        listed.write_text("\n".join([*pinned, ""]), encoding="utf-8")
        flags = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "15"]
        done = subprocess.run(
            [self.tools / "pip-audit", "-s", database, "-f", "json", *flags, "-r", listed],
            capture_output=True,
            text=True,
            check=False,
        )
        told: Mapping[str, Any] | None = json.loads(done.stdout) if done.stdout else None
        return told


def _root_ref(bom: Mapping[str, Any]) -> str:
    return str(bom["metadata"]["component"]["bom-ref"])


def _of_environment(tools: Path) -> dict[str, Any]:
    """Everything that is installed beside the interpreter which runs this."""
    flags = ["--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml"), "--of", "JSON"]
    done = subprocess.run(
        [tools / "cyclonedx-py", "environment", *flags, sys.executable],
        capture_output=True,
        check=True,
    )
    bom: dict[str, Any] = json.loads(done.stdout)
    return bom


def _tools() -> Path:
    """The folder of programs that make and audit; made once, in an environment of their own."""
    folder = BUILD / "tools"
    stamp = folder / "made-of.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8").split() != [*_TOOLS]:
        venv.create(folder, with_pip=True, clear=True)
        python = folder / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", *_TOOLS], check=True)
        stamp.write_text("\n".join(_TOOLS), encoding="utf-8")
    return folder / "bin"


if __name__ == "__main__":
    raise SystemExit(main())
