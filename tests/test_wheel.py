"""What `pip install .` gives works from an empty folder: templates, migrations, static files."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.serve import wait_until

ROOT = Path(__file__).parent.parent


def test_the_wheel_carries_everything_and_serves_from_an_empty_folder(tmp_path: Path):
    wheel = built_wheel(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    python = installed(wheel, tmp_path)
    empty, port = tmp_path / "empty", free_port()
    empty.mkdir()
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    server = subprocess.Popen(
        [python, "-m", "app.cli", "serve", "--migrate", "--port", str(port)],
        cwd=empty,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_until(lambda: answers(port, server), seconds=120, what="the service of the wheel")
        page = httpx.get(f"http://127.0.0.1:{port}/login", follow_redirects=True)
    finally:
        server.terminate()
        server.communicate(timeout=90)

    assert page.status_code == 200
    assert any(name.startswith("app/_shipped/templates/") for name in names)
    assert any(name.startswith("app/_shipped/migrations/versions/") for name in names)
    assert any(name.startswith("app/web/static/") for name in names)
    assert any(name.startswith("app/languages/") and name.endswith(".po") for name in names)
    assert not any(name.startswith("tests/") for name in names)


def answers(port: int, server: "subprocess.Popen[bytes]") -> bool:
    assert server.poll() is None, server.stdout and server.stdout.read().decode()
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready").status_code == 200
    except httpx.HTTPError:
        return False


def built_wheel(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def installed(wheel: Path, folder: Path) -> Path:
    """Unpacked into a folder of its own, with this environment's packages behind it."""
    place = folder / "venv"
    venv.create(place, with_pip=False)
    packages = next(place.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(packages)
    ours = Path(httpx.__file__).parent.parent
    (packages / "behind.pth").write_text(f"{ours}\n")
    return place / "bin" / "python"
