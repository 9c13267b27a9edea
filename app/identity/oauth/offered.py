"""Whether programs may ask to be let in here, and where each part of it is."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from app.platform.config import Settings
from app.platform.errors import NotFound

INSTALL = "pip install 'thinslice[agents]'"
AGENTS = "/mcp"
AUTHORIZE = "/oauth/authorize"
TOKEN = "/oauth/token"  # noqa: S105 - an address
REGISTER = "/oauth/register"
REVOKE = "/oauth/revoke"
SERVER = "/.well-known/oauth-authorization-server"  # RFC 8414
RESOURCE = "/.well-known/oauth-protected-resource"  # RFC 9728
READ, DRAFT = "read", "draft"
READING = READ
DRAFTING = f"{READ} {DRAFT}"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_installed() -> bool:
    """Whether the SDK of MCP is there, which only agents need."""
    return find_spec("mcp") is not None


def why_not(settings: Settings) -> str | None:
    """Why nobody can let an agent in from here; None where they can."""
    if not is_installed():
        return f"Agents are not served here. The operator installs what they need: {INSTALL}"
    if not settings.agents_log_in:
        return (
            "Agents are not let in from a page here (THINSLICE_AGENTS_LOG_IN=0). An admin makes a"
            " token for them under Tokens."
        )
    if not settings.secure and urlsplit(settings.public_url).hostname not in _LOOPBACK:
        return (
            "Agents are let in over TLS only: the operator sets THINSLICE_PUBLIC_URL to an address"
            " that begins with https://. A token made under Tokens works meanwhile."
        )
    return None


def refuse_unoffered(settings: Settings) -> None:
    """Raises NotFound, with what the operator or an admin can do."""
    if why := why_not(settings):
        raise NotFound(why)


def resource(settings: Settings) -> str:
    """What tokens are for: the one address at which they open anything."""
    return f"{settings.public_url}{AGENTS}"


def is_ours(written: str, settings: Settings) -> bool:
    """Whether this names what tokens are for (RFC 8707): scheme and host in any case."""
    return _folded(written) == _folded(resource(settings))


def is_on_our_host(address: str, settings: Settings) -> bool:
    """Whether an address is one of ours: a page that names us as whom it answers would mislead."""
    parts = urlsplit(address)
    ours = {urlsplit(one).netloc.lower() for one in (settings.public_url, settings.tracking)}
    named = settings.hosts - _LOOPBACK
    return parts.netloc.lower() in ours or (parts.hostname or "") in named


def challenge(settings: Settings, **said: str) -> str:
    """What a client reads beside a refusal: where to be let in, and for what (RFC 9728, 5.1)."""
    if why_not(settings):
        return "Bearer"
    told = said | {"resource_metadata": f"{settings.public_url}{RESOURCE}{AGENTS}"}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in told.items())


def server(settings: Settings) -> Mapping[str, Any]:
    """What the authorization server says of itself (RFC 8414)."""
    at = settings.public_url
    return {
        "issuer": at,
        "authorization_endpoint": f"{at}{AUTHORIZE}",
        "token_endpoint": f"{at}{TOKEN}",
        "registration_endpoint": f"{at}{REGISTER}",
        "revocation_endpoint": f"{at}{REVOKE}",
        "scopes_supported": [READ, DRAFT],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        # Claude takes a metadata document as client only where both of these are said.
        "token_endpoint_auth_methods_supported": ["none"],
        "client_id_metadata_document_supported": True,
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": True,  # RFC 9207
        "service_documentation": f"{at}/llms.txt",
    }


def protected(settings: Settings) -> Mapping[str, Any]:
    """What `/mcp` says of itself (RFC 9728): reading alone, so that clients ask for no more."""
    return {
        "resource": resource(settings),
        "authorization_servers": [settings.public_url],
        "scopes_supported": [READ],
        "bearer_methods_supported": ["header"],
        "resource_name": "Thinslice",
        "resource_documentation": f"{settings.public_url}/llms.txt",
    }


def _folded(written: str) -> tuple[str, ...]:
    try:
        parts = urlsplit(written)
    except ValueError:
        return ()  # no address at all, such as `http://[`
    return parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), parts.query, parts.fragment
