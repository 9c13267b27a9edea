"""Programs that are known by a document of theirs: its address is their name (CIMD).

It is fetched through our way out (`platform.outbound`), each time that somebody looks at the page:
by nobody who is not logged in, a few at once, so many a minute for one person.
"""

import re
from threading import BoundedSemaphore
from urllib.parse import urlsplit

from app.identity.oauth import programs
from app.identity.oauth.programs import BadProgram, Program
from app.platform.errors import AppError
from app.platform.foreign import NotJson, read_json
from app.platform.outbound import Answer, Forbidden, Outbound

OUTBOUND = Outbound()
_MOST_BYTES = 5 * 1024  # draft-ietf-oauth-client-id-metadata-document, 6.6
_LONGEST = 500
_SECONDS = 5.0
_AT_ONCE = 6  # documents that hang may not take all the threads that pages are made in
_turns = BoundedSemaphore(_AT_ONCE)
_ADDRESS = re.compile(
    r"https://[a-z0-9._-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~:@!$&()*+,;=%-]*)+(\?[!-~]*)?"
)


class AtOnce(AppError):
    """Others are being asked for."""

    status = 503
    title = "Unavailable for the moment"


def is_address(client_id: str) -> bool:
    """Whether a program is known by a document."""
    return client_id.startswith("https://")


def program_at(address: str) -> Program:
    """Who says of itself that it is known by this address. Raises AppError, with why not."""
    _refuse_unfit(address)
    answer = _fetched(address)
    if answer.status != 200:
        raise BadProgram(
            f"{_host(address)} has no document of this program: it answered {answer.status}."
        )
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and "+json" in kind):
        raise BadProgram("The document of this program is not JSON by its Content-Type.")
    try:
        said = read_json(answer.body)
    except NotJson as error:
        raise BadProgram(f"The document of this program cannot be read: {error}.") from error
    if not isinstance(said, dict) or said.get("client_id") != address:
        raise BadProgram("The document of this program names another program in client_id.")
    if "client_secret" in said or str(said.get("token_endpoint_auth_method", "none")) != "none":
        raise BadProgram("The document of this program must say token_endpoint_auth_method: none.")
    name, addresses = programs.read(said)
    return Program(address, name, addresses)


def _fetched(address: str) -> Answer:
    """Anybody's link to the page asks for it: so no host inside our network is, whoever lists it.

    Programs in there register themselves.
    """
    if not _turns.acquire(blocking=False):
        raise AtOnce("Too many programs are looked up at this moment. Reload the page.")
    try:
        return OUTBOUND.send(
            "GET",
            address,
            headers={"Accept": "application/json"},
            timeout_seconds=_SECONDS,
            max_bytes=_MOST_BYTES,
        )
    except Forbidden as error:
        raise BadProgram(
            f"{_host(address)} leads into a private network, and no document of a program is read"
            " there. Let it register itself here."
        ) from error
    finally:
        _turns.release()


def _refuse_unfit(address: str) -> None:
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        raise BadProgram(
            "A program is known by an address that begins with https://, with a path, in small"
            " letters and ASCII up to there, without user and without #."
        )
    path = urlsplit(address).path
    if path == "/" or {".", ".."} & set(path.replace("%2e", ".").replace("%2E", ".").split("/")):
        raise BadProgram("The address of a program has a path, without . and .. in it.")


def _host(address: str) -> str:
    return urlsplit(address).hostname or address
