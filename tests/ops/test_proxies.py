"""nginx and Caddy, as `deploy/proxies` has them, over TLS in front of a service that runs."""

import socket
import ssl
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from sqlmodel import col, select

from app.platform import config
from app.platform.db import Database
from app.tracking.models import Hit
from tests.cast import DESIGN, csv_of, made
from tests.journeys.test_by_api import finished, given_an_audience, imported
from tests.ops.proxies import LINKS, PAGES, Proxy, running
from tests.serve import BROWSER, Installation, Mailbox, links_in, smtp_server, wait_until

TOKEN = "a-token-that-only-reads-meters"
_HIDDEN = (
    "/metrics",
    "/metrics/",
    "/metrics?a=1",
    "//metrics",
    "/%6Detrics",
    "/x/../metrics",
    "/./metrics",
)
_YEAR = "max-age=31536000"


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, no_outside: None
) -> Iterator[tuple[Installation, Mailbox]]:
    folder = tmp_path_factory.mktemp("behind")
    settings = {
        "THINSLICE_PUBLIC_URL": f"https://{PAGES}",
        "THINSLICE_TRACKING_URL": f"https://{LINKS}",
        "THINSLICE_TRUSTED_PROXIES": "127.0.0.1",
        "THINSLICE_METRICS_TOKEN": TOKEN,
    }
    with smtp_server() as (mailbox, mail):
        one = Installation(
            folder / "data", f"sqlite:///{folder / 'one.db'}", mail=mail, settings=settings
        )
        one.start("--migrate")
        yield one, mailbox
        one.stop()


@pytest.fixture(scope="module")
def link(service: tuple[Installation, Mailbox]) -> str:
    """The path of a tracked link of a mail that was sent."""
    one, mailbox = service
    with one.api("editor") as api:
        audience = given_an_audience(api, people=5)
        experiment = made(api.post("/experiments", json=DESIGN | {"audience_id": audience}))["id"]
        made(api.post(f"/experiments/{experiment}/launch", json={}))
        wait_until(partial(finished, api, experiment), what="the sending")
    (address, *_) = links_in(mailbox.mails()[0][1])
    assert address.startswith(f"https://{LINKS}/c/")
    return address.removeprefix(f"https://{LINKS}")


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest,
    service: tuple[Installation, Mailbox],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp(request.param)
    with running(request.param, folder, to=service[0].port) as found:
        yield found


def test_pages_are_served_and_people_without_tls_are_sent_there(proxy: Proxy):
    ready = proxy.ask("GET", PAGES, "/ready")
    home = proxy.ask("GET", PAGES, "/")
    plain = httpx.get(f"http://127.0.0.1:{proxy.plain_port}/", headers={"Host": PAGES})

    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert (home.status_code, home.headers["location"]) == (303, "/login?next=/")
    assert home.headers.get_list("strict-transport-security") == [_YEAR]
    assert len(ready.headers["x-request-id"].replace("-", "")) == 32
    assert plain.status_code in {301, 308}
    assert plain.headers["location"].startswith(f"https://{PAGES}")


@pytest.mark.parametrize("host", [PAGES, LINKS])
@pytest.mark.parametrize("path", _HIDDEN)
def test_meters_are_hidden_from_outside_whatever_token_is_sent(proxy: Proxy, host: str, path: str):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = _raw(proxy, host, path, headers)

    assert b" 404 " in answer.split(b"\r\n")[0]
    assert b"thinslice_" not in answer


def _raw(proxy: Proxy, host: str, path: str, headers: dict[str, str]) -> bytes:
    """A client tidies paths up: this one does not."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with (
        socket.create_connection(("127.0.0.1", proxy.port)) as line,
        proxy.trust().wrap_socket(line, server_hostname=host) as secure,
    ):
        asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}\r\n"
        secure.sendall(asked.encode())
        return b"".join(iter(lambda: secure.recv(65_536), b""))


def test_a_host_of_links_follows_links_and_shows_nothing_else(proxy: Proxy, link: str):
    followed = proxy.ask("GET", LINKS, link, headers={"User-Agent": BROWSER})
    bad = proxy.ask("GET", LINKS, "/c/nothing")
    way_out = proxy.ask("GET", LINKS, "/u/nothing")

    assert (followed.status_code, followed.headers["location"]) == (
        302,
        "https://halvern.example/list",
    )
    assert [bad.status_code, way_out.status_code] == [404, 404]
    for answer in (followed, bad, way_out):
        assert answer.headers.get_list("strict-transport-security") == [_YEAR]
    assert {
        proxy.ask("GET", LINKS, path).status_code
        for path in ("/", "/login", "/api/v1/users", "/ready")
    } == {404}


def test_what_a_caller_claims_of_its_address_counts_for_nothing(
    proxy: Proxy, link: str, service: tuple[Installation, Mailbox]
):
    one, _ = service
    agent = {"User-Agent": f"{BROWSER} {proxy.port}"}
    claim = agent | {"X-Forwarded-For": "52.95.110.1"}
    asked = [
        lambda: proxy.ask("GET", LINKS, link, headers=agent),
        lambda: proxy.ask("GET", LINKS, link, headers=claim),
        lambda: proxy.ask("GET", LINKS, link, headers=claim | {"Forwarded": "for=9.9.9.9"}),
        lambda: httpx.get(f"{one.url}{link}", headers=claim),  # as a proxy that is trusted says
    ]
    assert [ask().status_code for ask in asked] == [302] * 4
    found = wait_until(
        lambda: keys if len(keys := _callers(one, agent["User-Agent"])) == 4 else None, what="hits"
    )

    assert found[0] == found[1] == found[2]
    assert found[3] != found[0]


def _callers(one: Installation, agent: str) -> list[str]:
    settings = config.load(data_dir=one.data, database_url=one.database_url)
    database = Database(settings.database)
    with database.read() as session:
        asked = select(Hit.address_key).where(Hit.user_agent == agent).order_by(col(Hit.id))
        found = list(session.scalars(asked))
    database.close()
    return found


def test_http_2_is_spoken(proxy: Proxy):
    context = proxy.trust()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", proxy.port)) as line,
        context.wrap_socket(line, server_hostname=PAGES) as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
        assert secure.version() == "TLSv1.3"


def test_old_tls_is_refused(proxy: Proxy):
    context = proxy.trust()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", proxy.port)) as line,
        pytest.raises(OSError, match=r"(?i)handshake|reset|eof|alert"),
        context.wrap_socket(line, server_hostname=PAGES),
    ):
        pass


def test_a_long_upload_passes(proxy: Proxy, service: tuple[Installation, Mailbox]):
    one, _ = service
    people = 40_000
    content = csv_of(people, at=f"p{proxy.port}.example")
    assert len(content) > 5 << 18  # nginx takes one megabyte by itself
    bearer = {"Authorization": f"Bearer {one.token('editor')}"}
    audience = made(
        proxy.ask(
            "POST", PAGES, "/api/v1/audiences", json={"name": str(proxy.port)}, headers=bearer
        )
    )["id"]
    begun = made(
        proxy.ask(
            "POST",
            PAGES,
            f"/api/v1/audiences/{audience}/imports",
            content=content,
            headers=bearer | {"Content-Type": "text/csv"},
        )
    )
    with one.api("editor") as api:
        done = wait_until(lambda: imported(api, begun["id"]), what="the import")

    assert done["added"] == people
