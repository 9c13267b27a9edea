"""Other people's hosts are asked; ours, and everything behind them, are not."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import respx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.platform.outbound import Forbidden, Outbound, Unreachable, _Line
from app.platform.public import is_public

PUBLIC = "93.184.215.14"


def leading_to(*addresses: str) -> Outbound:
    return Outbound(resolve=lambda _host, _port: list(addresses))


@contextmanager
def a_server(
    answer: Callable[[socket.socket], None], *, listens_first: bool = True
) -> Iterator[int]:
    """Answers on loopback, one caller after the other, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            try:
                while True:
                    caller, _ = server.accept()
                    with caller:
                        caller.settimeout(5)
                        if listens_first:
                            caller.recv(65536)
                        answer(caller)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)


def says(text: str) -> Callable[[socket.socket], None]:
    return lambda caller: caller.sendall(text.encode())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "168.63.129.16", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1", "192.0.0.1", "192.0.0.192",
        "192.0.0.255", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7",
        "203.0.113.7", "240.0.0.1", "100.127.255.255", "172.31.255.255", "::127.0.0.1",
        "::8.8.8.8", "::10.0.0.1", "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "::ffff:8.8.8.8",
        "64:ff9b::10.0.0.1", "64:ff9b::168.63.129.16", "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::1",
        "2001::1", "2001:2::1", "2001:1ff:ffff::1", "2002:808:808::1", "100::1", "3fff::1",
        "5f00::1", "fc00::1", "fec0::1", "febf::1", "4000::1",
    ],
)  # fmt: skip
def test_an_address_that_only_we_can_reach_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "8.8.8.8",
        "192.0.1.1",
        "2001:4860::1",
        "64:ff9b::8.8.8.8",
    ],
)
def test_an_address_of_the_open_internet_is_public(address: str):
    assert is_public(address)


def test_a_name_that_leads_inside_is_refused_before_anything_is_sent():
    with respx.mock, pytest.raises(Forbidden, match="ALLOW_PRIVATE_SOURCES=inside"):
        leading_to("10.0.0.7").send("GET", "https://inside.example/")


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with respx.mock, pytest.raises(Forbidden):
        leading_to(PUBLIC, "127.0.0.1").send("GET", "http://both.example/")


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]"])
def test_every_way_to_write_loopback_is_refused(host: str):
    with pytest.raises((Forbidden, Unreachable)):
        Outbound().send("GET", f"http://{host}:9/")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/", "gopher://a/", "//a/", "x", "http://"]
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str):
    with pytest.raises(Forbidden):
        leading_to(PUBLIC).send("GET", url)


def test_a_password_in_the_address_is_refused():
    with pytest.raises(Forbidden, match="header"):
        leading_to(PUBLIC).send("GET", "https://ann:secret@a.example/")


@respx.mock
def test_the_address_that_was_looked_at_is_the_one_connected_to():
    route = respx.get(f"https://{PUBLIC}/numbers?q=1").respond(200, json={"n": 1})

    answer = leading_to(PUBLIC).send("GET", "https://numbers.example/numbers?q=1")

    request = route.calls.last.request
    assert (answer.status, answer.body) == (200, b'{"n":1}')
    assert request.headers["host"] == "numbers.example"
    assert request.extensions["sni_hostname"] == "numbers.example"


def test_a_name_is_resolved_once():
    asked = []

    def turning(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    with respx.mock:
        respx.get(f"http://{PUBLIC}/").respond(204)
        Outbound(resolve=turning).send("GET", "http://turning.example/")

    assert asked == ["turning.example"]


@respx.mock
def test_headers_and_body_are_sent_and_the_host_cannot_be_overruled():
    route = respx.post(f"http://{PUBLIC}:8080/hook").respond(202, headers={"X-Kind": "a"})

    answer = leading_to(PUBLIC).send(
        "POST", "http://hooks.example:8080/hook", headers={"Host": "x", "X-A": "b"}, content=b"{}"
    )

    request = route.calls.last.request
    assert (request.headers["host"], request.headers["x-a"]) == ("hooks.example:8080", "b")
    assert (request.content, answer.headers["x-kind"]) == (b"{}", "a")


@respx.mock
def test_a_redirect_is_an_answer_and_is_not_followed():
    respx.get(f"http://{PUBLIC}/").respond(302, headers={"location": "http://127.0.0.1/"})

    assert leading_to(PUBLIC).send("GET", "http://a.example/").status == 302


def test_a_host_that_the_operator_lists_may_be_private():
    with a_server(says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as port:
        url = f"http://localhost:{port}/"

        for name in ("localhost", f"LOCALHOST:{port}"):
            assert Outbound().send("GET", url, allowed_hosts=[name]).body == b"ok"
        with pytest.raises(Forbidden):
            Outbound().send("GET", url, allowed_hosts=["localhost:1"])


def test_the_next_address_is_tried_where_the_first_does_not_answer():
    with a_server(says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as port:
        out = leading_to("::1", "127.0.0.1")

        answer = out.send("GET", f"http://two.example:{port}/", allowed_hosts=["two.example"])

    assert answer.status == 200


DRIPS = {
    "between answers": ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    "in the head": ("HTTP/1.1 200 OK\r\n", "X-A: a\r\n"),
    "in a body of a length": ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "1"),
    "in a body of pieces": ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n1\r\n"),
    "in a body without an end": ("HTTP/1.1 200 OK\r\n\r\n", "1"),
}


@pytest.mark.parametrize("place", DRIPS)
def test_a_drip_is_cut_off_when_its_time_is_over_and_is_no_answer(place: str):
    """Half a number is a number: what was cut must not be taken for the whole."""
    begin, drop = DRIPS[place]

    def drip(caller: socket.socket) -> None:
        caller.sendall(begin.encode())
        for _ in range(40):
            caller.sendall(drop.encode())
            time.sleep(0.1)

    with a_server(drip) as port:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match=r"within 0\.4 seconds"):
            Outbound().send(
                "GET", f"http://127.0.0.1:{port}/", timeout_seconds=0.4, allowed_hosts=["127.0.0.1"]
            )

        assert time.monotonic() - begun < 2


def test_an_answer_that_is_too_large_is_not_read_to_its_end():
    with a_server(says("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + "x" * 9000)) as port:
        url = f"http://127.0.0.1:{port}/"

        with pytest.raises(Unreachable, match="more than 1,000 bytes"):
            Outbound().send("GET", url, allowed_hosts=["127.0.0.1"], max_bytes=1000)
        assert len(Outbound().send("GET", url, allowed_hosts=["127.0.0.1"]).body) == 9000


@pytest.mark.parametrize(
    "wrong", ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
def test_what_is_no_whole_http_answer_is_unreachable(wrong: str):
    with a_server(says(wrong)) as port, pytest.raises(Unreachable, match="broke off"):
        Outbound().send("GET", f"http://127.0.0.1:{port}/", allowed_hosts=["127.0.0.1"])


def every_value_no_header_carries() -> list[str]:
    """A secret with each sign that is none of a header's, inside and at either end."""
    wrong = [chr(code) for code in (*range(9), *range(10, 32), 127, 160, 233, 0x43A, 0xD800)]
    inside = [f"Bearer sec{sign}ret" for sign in wrong]
    return [*inside, *(f"{s}sec ret" for s in " \t\n"), *(f"sec ret{s}" for s in " \t\n")]


@respx.mock
@pytest.mark.parametrize("value", every_value_no_header_carries(), ids=ascii)
def test_a_value_that_no_header_carries_is_refused_and_not_said(value: str):
    with pytest.raises(Forbidden, match="authorization") as refused:
        leading_to(PUBLIC).send("GET", "http://a.example/", headers={"authorization": value})

    assert "sec" not in str(refused.value)
    assert not respx.calls


@pytest.mark.parametrize(
    "host", ["xn--", "a.xn--", "xn--a", "xn--\x80", "\ud800", "a/\ud800"], ids=ascii
)
def test_a_name_that_stands_for_nothing_is_no_address(host: str):
    with pytest.raises((Forbidden, Unreachable)):
        Outbound(resolve=lambda _host, _port: []).check(f"http://{host}/")


class _Stream:
    """A connection as the HTTP library hands it over."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def get_extra_info(self, _name: str) -> socket.socket:
        return self._line


def test_a_connection_that_stands_when_its_time_is_over_is_cut_at_once():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = _Line()
        line.cut()
        line.note("connection.start_tls.complete", {"return_value": _Stream(ours)})
        theirs.settimeout(5)

        assert theirs.recv(1) == b""


def test_nobody_listening_and_no_such_name_are_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable, match="could not be connected"):
        Outbound().send("GET", f"http://127.0.0.1:{port}/", allowed_hosts=["127.0.0.1"])

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(Unreachable, match="no host"):
        Outbound(resolve=unknown).send("GET", "http://nowhere.example/")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(a_certificate(tmp_path))

    def greets(caller: socket.socket) -> None:
        with suppress(OSError):
            context.wrap_socket(caller, server_side=True).close()

    with (
        a_server(greets, listens_first=False) as port,
        pytest.raises(Unreachable, match="certificate"),
    ):
        Outbound().send("GET", f"https://localhost:{port}/", allowed_hosts=["localhost"])


def a_certificate(folder: Path) -> Path:
    """For localhost, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, pkcs8, plain)
    )
    return path


@respx.mock
def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    respx.get(f"http://{PUBLIC}/").mock(return_value=httpx.Response(200))

    assert leading_to(PUBLIC).send("GET", "http://a.example/").status == 200
