"""Whatever another site, another session or a viewer sends to a page, nothing is changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI

from app.identity import sessions, users
from app.identity.access import Access, access_of
from app.identity.models import LoginSession
from app.identity.roles import Role
from app.identity.secrets import kept
from app.ops.installation import House, open_house, prepare
from app.platform import clock, config
from tests import alone
from tests.identity.scenes import hashed_password
from tests.routes import OF_SYSTEMS
from tests.web.test_access import routes
from tests.whole import inside_of

CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class LoggedIn:
    """A browser's session."""

    secret: str
    csrf: str


@dataclass(frozen=True)
class Forgery:
    """What is sent; `{own}` and `{other}` stand for this session's token and another's."""

    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    body: str = ""


FORGERIES = {
    "no token": Forgery(),
    "an empty one": Forgery({"x-csrf": ""}, "?csrf=", "csrf="),
    "another's in the header": Forgery({"x-csrf": "{other}"}),
    "another's in the address": Forgery(query="?csrf={other}"),
    "another's in the form": Forgery({"content-type": FORM}, body="csrf={other}"),
    "another's before its own": Forgery({"content-type": FORM}, body="csrf={other}&csrf={own}"),
    "part of its own": Forgery({"content-type": FORM}, body="csrf={half}"),
    "its own as text": Forgery({"content-type": "text/plain"}, body="csrf={own}"),
    "its own as JSON": Forgery({"content-type": "application/json"}, body='{"csrf":"{own}"}'),
    "its own in a cookie": Forgery({"cookie": "csrf={own}; x-csrf={own}"}),
    "from another site": Forgery({"x-csrf": "{own}", "sec-fetch-site": "cross-site"}),
    "from a neighbour": Forgery({"x-csrf": "{own}", "sec-fetch-site": "same-site"}),
    "from another origin": Forgery({"x-csrf": "{own}", "origin": "https://127.0.0.1.evil.example"}),
    "from a sandbox": Forgery({"x-csrf": "{own}", "origin": "null"}),
    "from another page": Forgery({"x-csrf": "{own}", "referer": "https://evil.example/127.0.0.1"}),
    "from no address": Forgery({"x-csrf": "{own}", "origin": "http://["}),
    "with a token for the API": Forgery({"authorization": "Bearer {own}"}),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = open_house(config.load(data_dir=tmp_path_factory.mktemp("house") / "data"))
    prepare(house)
    yield house
    house.database.close()


@pytest.fixture(scope="module")
def application(house: House) -> FastAPI:
    return inside_of(house)


@pytest.fixture(scope="module")
def people(house: House) -> dict[str, LoggedIn]:
    with house.database.write() as session:
        made = {}
        for role in ("viewer", "editor", "admin"):
            email, password = f"{role}@halvern.example", hashed_password()
            user = users.add(
                session, email=email, name=role, role=role, password=password, now=clock.now()
            )
            begun = sessions.begin(session, user, now=clock.now())
            row = session.get_one(LoginSession, kept(begun.secret))
            made[role] = LoggedIn(begun.secret, row.csrf)
        return made


def changes(application: FastAPI) -> list[tuple[str, str, Access]]:
    found = []
    for method, path in routes(application):
        access = access_of(method, path)
        if method in CHANGES and not path.startswith(OF_SYSTEMS) and access and access.role:
            found.append((method, path, access))
    return found


def statuses(
    application: FastAPI, asked: list[tuple[str, str]], who: LoggedIn, other: LoggedIn, one: Forgery
) -> list[int]:
    words = {"{own}": who.csrf, "{other}": other.csrf, "{half}": who.csrf[:-1]}

    def said(text: str) -> str:
        for word, meant in words.items():
            text = text.replace(word, meant)
        return text

    headers = {name: said(value) for name, value in one.headers.items()}
    cookies = [f"thinslice={who.secret}", headers.pop("cookie", "")]
    headers["cookie"] = "; ".join(filter(None, cookies))

    async def send() -> list[int]:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [
                (
                    await client.request(
                        method,
                        path.replace("{", "").replace("}", "") + said(one.query),
                        headers=headers,
                        content=said(one.body),
                    )
                ).status_code
                for method, path in asked
            ]

    return alone.run(send())


@pytest.mark.parametrize("forgery", FORGERIES)
def test_every_change_of_a_page_refuses_what_is_forged(
    application: FastAPI, people: dict[str, LoggedIn], forgery: str
):
    asked = [(method, path) for method, path, _ in changes(application)]
    came = statuses(application, asked, people["admin"], people["editor"], FORGERIES[forgery])

    assert len(asked) > 60
    assert [one for one in zip(asked, came, strict=True) if one[1] != 403] == []


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_every_change_of_a_page_that_a_role_may_not_make_is_refused_with_its_own_token(
    application: FastAPI, people: dict[str, LoggedIn], role: str
):
    asked = [
        (method, path)
        for method, path, access in changes(application)
        if access.role and not Role(role).may(access.role)
    ]
    own = Forgery({"x-csrf": "{own}"})
    came = statuses(application, asked, people[role], people["admin"], own)

    assert asked
    assert [one for one in zip(asked, came, strict=True) if one[1] != 403] == []


@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x-method-override"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_header_or_field_makes_a_change_of_a_look(
    application: FastAPI, people: dict[str, LoggedIn], name: str, method: str
):
    reads = {path for verb, path in routes(application) if verb == "GET"}
    asked = [(method, path) for _, path, _ in changes(application) if path not in reads]
    override = Forgery({"x-csrf": "{own}", name: "POST"}, "?_method=POST")
    came = statuses(application, asked, people["admin"], people["editor"], override)

    assert asked
    assert [one for one in zip(asked, came, strict=True) if one[1] not in {404, 405, 422}] == []
