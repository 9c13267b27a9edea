"""Whatever address somebody typed is asked through `platform.outbound`, which looks at it once."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_CLIENT = re.compile(
    r"^\s*(?:import|from) (httpx2?|urllib\.request|http\.client|urllib3|requests|aiohttp|ftplib"
    r"|smtplib|aiosmtplib|imaplib|poplib|telnetlib|xmlrpc)\b",
    re.MULTILINE,
)
_DIAL = re.compile(r"\b(create_connection|open_connection|getaddrinfo)\(")
ALLOWED = {
    "app/platform/outbound.py": "the way out itself",
    "app/delivery/transports/conversation.py": "relays, named by the operator",
    **{
        f"app/delivery/transports/providers/{name}.py": "a provider, named by the operator"
        for name in ("over_http", "mailgun", "postmark", "resend", "ses", "together")
    },
    "app/delivery/inbox/imap.py": "the mailbox, named by the operator",
    "app/ops/reached.py": "doctor asks our own address",
    "app/agents/bridge.py": "a program on somebody's own machine asks the server that they name",
    "app/demo/customers.py": "the demo's customers ask the demo",
}


def test_nothing_else_asks_another_host():
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if _CLIENT.search(text := path.read_text()) or _DIAL.search(text)
    }

    assert found == ALLOWED.keys()
