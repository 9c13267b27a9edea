"""What the doctor says where one of our own addresses does not lead here."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.ops import reached
from app.ops.installation import House
from app.platform import config
from tests.platform.test_outbound import a_certificate


class Answers(BaseHTTPRequestHandler):
    """Somebody is there, and says so."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing of it belongs on the screen."""


@contextmanager
def over_tls(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def asked(house: House, url: str) -> str:
    return reached.public(_at(house, config.load(public_url=url)))


def _at(house: House, settings: config.Settings) -> House:
    return House(settings, house.database, house.keyring, house.folder)


def test_a_certificate_of_nobody_is_told_as_one(house: House, tmp_path: Path):
    with over_tls(a_certificate(tmp_path)) as url, pytest.raises(reached.NotReached) as raised:
        asked(house, url)

    assert f"{url} answers with a certificate that is not trusted here" in str(raised.value)
    assert "SSL_CERT_FILE" in str(raised.value)
    assert "serve" not in str(raised.value), "it runs"


def test_a_certificate_of_ones_own_authority_is_trusted_as_the_sentence_says(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = a_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with over_tls(path) as url:
        assert asked(house, url) == f"{url} answers"


def test_where_nobody_is_the_reason_is_told(house: House):
    with pytest.raises(
        reached.NotReached, match=r"does not answer \(.*refused.*\)\. Is `thinslice"
    ):
        asked(house, "http://127.0.0.1:1")
