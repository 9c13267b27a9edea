"""What an operator installs: image, compose, units, manifests, as their own tools read them."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import app
from app.platform.config import Settings
from tests.tools import tool

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSED = sorted(DEPLOY.glob("compose*.yaml"))
MANIFEST = DEPLOY / "kubernetes/thinslice.yaml"
COMMANDS = {
    command.name or command.callback.__name__
    for command in app.registered_commands
    if command.callback
}
SETTINGS = {f"THINSLICE_{name.upper()}" for name in Settings.model_fields}


def objects() -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(MANIFEST.read_text()) if one]


def said_by(*command: object) -> str:
    """Nothing, where it found nothing wrong."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def beside_python(name: str) -> Path:
    return Path(sys.executable).parent / name


TELLING = [*COMPOSED, *UNITS, MANIFEST, ROOT / "Containerfile", ROOT / "README.md"]


@pytest.mark.parametrize("path", TELLING, ids=lambda path: path.name)
def test_only_settings_that_there_are_are_set(path: Path):
    named = set(re.findall(r"THINSLICE_[A-Z_]+[A-Z]", path.read_text()))
    others = {
        "THINSLICE_SQL",
        "THINSLICE_TOKEN",
        "THINSLICE_IMAGE_BASE",
    }  # and a name of the operator's; of a bridge

    assert named - SETTINGS <= others


@pytest.mark.parametrize("path", COMPOSED, ids=lambda path: path.name)
def test_compose_files_are_what_compose_reads(path: Path):
    checker = beside_python("check-jsonschema")

    assert said_by(checker, "--builtin-schema", "vendor.compose-spec", path) == ""
    for service in yaml.safe_load(path.read_text())["services"].values():
        if service["image"] == "thinslice":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert set(service.get("command", ["serve"])) & COMMANDS


def test_a_mistake_in_a_compose_file_would_be_found(tmp_path: Path):
    wrong = COMPOSED[0].read_text().replace("read_only:", "readonly:")
    (tmp_path / "compose.yaml").write_text(wrong)
    checker = beside_python("check-jsonschema")

    assert "readonly" in said_by(
        checker, "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml"
    )


def test_manifests_are_what_kubernetes_reads():
    validate = beside_python("kubernetes-validate")

    assert said_by(validate, "--strict", "--quiet", MANIFEST) == ""


def test_a_mistake_in_a_manifest_would_be_found(tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(MANIFEST.read_text().replace("containerPort: 8000", "containerPort: http"))
    validate = beside_python("kubernetes-validate")

    assert said_by(validate, "--strict", "--quiet", wrong) != ""


def test_pods_run_our_commands_as_nobody_with_nothing_to_write_but_their_volumes():
    pods = [
        one["spec"]["template"]["spec"]
        for one in objects()
        if one["kind"] in {"Job", "StatefulSet"}
    ]

    assert len(pods) == 4
    for pod in pods:
        (container,) = pod["containers"]
        assert container["args"][0] in COMMANDS
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_services_lead_to_pods_that_there_are():
    found = objects()

    def of(kind: str) -> dict[str, Any]:
        return {one["metadata"]["name"]: one["spec"] for one in found if one["kind"] == kind}

    pods = {
        name: spec["template"]["metadata"]["labels"] for name, spec in of("StatefulSet").items()
    }
    services = {name: spec["selector"] for name, spec in of("Service").items()}
    (ingress,) = [one for one in found if one["kind"] == "Ingress"]
    led = {
        path["backend"]["service"]["name"]
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }

    assert services.items() >= pods.items()
    assert services.keys() - pods.keys() == {"thinslice-nothing"}
    assert led <= services.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_sound_and_expose_little(unit: Path, tmp_path: Path):
    analyse = tool("systemd-analyze", package="systemd")
    command = tmp_path / "thinslice"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/thinslice/bin/thinslice", str(command)))

    assert said_by(analyse, "verify", copy) == ""
    assert said_by(analyse, "security", "--offline=true", "--threshold=20", unit) == ""
    text = unit.read_text()
    (words,) = re.findall(r"^ExecStart=/opt/thinslice/bin/thinslice (\w+)", text, re.MULTILINE)
    assert words in COMMANDS


def test_the_image_takes_what_is_pinned_and_starts_as_nobody():
    text = (ROOT / "Containerfile").read_text()
    copied = set(re.findall(r"^COPY ([^-\n]+) \S+$", text, re.MULTILINE))
    ignored = (ROOT / ".containerignore").read_text()

    assert "-c deploy/constraints.txt" in text
    assert "USER 10001:10001" in text
    for line in copied:
        for path in line.split():
            assert (ROOT / path).exists(), path
            assert f"!{path}" in ignored.splitlines(), path


Programs = Mapping[str, str | None]  # what each says and does; None: it is not there
STUBS: Programs = {
    "id": "echo 0",
    "curl": "",
    "buildah": 'case "$1" in inspect) exit 0;; esac; exit 1',
}
NOT_BUILT: dict[str, tuple[Programs, str]] = {
    "buildah is not here": ({"buildah": None}, "900"),
    "curl is not here": ({"curl": None}, "900"),
    "only root may": ({"id": "echo 1000"}, "900"),
    "its base, my/base, is not on this machine": ({"buildah": "exit 1"}, "900"),
    "only -3 seconds are left": ({}, "-3"),
}


def _image(folder: Path, stubs: Programs, seconds: str) -> tuple[int, str]:
    """`.ci/image`, as `.ci/run` calls it, on a machine where these programs are."""
    for program in ("bash", "dirname", "timeout", "sleep"):
        found = shutil.which(program)
        assert found
        (folder / program).symlink_to(found)
    for name, script in stubs.items():
        if script is not None:
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / ".ci/image", "--within", seconds], capture_output=True, text=True,
        env={"PATH": str(folder), "THINSLICE_IMAGE_BASE": "my/base"}, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("why", NOT_BUILT)
def test_where_no_image_can_be_built_one_line_says_why(tmp_path: Path, why: str):
    other, seconds = NOT_BUILT[why]
    code, said = _image(tmp_path, {**STUBS, **other}, seconds)

    assert code == 0
    assert said.startswith(f"the image was not built: {why}")
    assert said.count("\n") == 1


def test_an_image_that_cannot_be_built_fails(tmp_path: Path):
    code, said = _image(tmp_path, STUBS, "900")

    assert (code, "was not built" in said) == (1, False)


def test_everything_a_change_must_pass_calls_it_last():
    assert ".ci/image --within" in (ROOT / ".ci/run").read_text().rpartition("poe faults")[2]
