"""Requests signed as AWS wants them: Signature Version 4, for addresses without a query.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; checked against
the published test suite (tests/delivery/providers/test_sigv4.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import digest
from urllib.parse import urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AwsKey:
    """Who signs. `session` is the token that comes with temporary keys."""

    id: str
    secret: str
    session: str = ""


def signed(
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    *,
    key: AwsKey,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """The headers of a request, its proof among them. `now` is in UTC."""
    at = now.strftime("%Y%m%dT%H%M%SZ")
    sent = dict(headers) | {"X-Amz-Date": at}
    if key.session:
        sent["X-Amz-Security-Token"] = key.session
    parts = urlsplit(url)
    covered = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    covered["host"] = parts.netloc
    names = ";".join(sorted(covered))
    lines = "".join(f"{name}:{covered[name]}\n" for name in sorted(covered))
    request = "\n".join((method, parts.path or "/", "", lines, names, sha256(content).hexdigest()))
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join((_ALGORITHM, at, scope, sha256(request.encode()).hexdigest()))
    proof = digest(_signing_key(key, scope), to_sign.encode(), sha256).hex()
    credential = f"Credential={key.id}/{scope}, SignedHeaders={names}, Signature={proof}"
    return sent | {"Authorization": f"{_ALGORITHM} {credential}"}


def _signing_key(key: AwsKey, scope: str) -> bytes:
    made = f"AWS4{key.secret}".encode()
    for step in scope.split("/"):
        made = digest(made, step.encode(), sha256)
    return made
