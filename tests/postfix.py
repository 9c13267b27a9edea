"""A real mail server of one's own: takes everything, knows hardly anybody, and returns the rest."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port
from tests.serve import wait_until
from tests.tools import tool

BOUNCES_AT = "mail.halvern.example"
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.bakery.example
mydestination = bakery.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
alias_database =
recipient_delimiter = +
queue_run_delay = 1s
minimal_backoff_time = 1s
null_sender =
smtp_dns_support_level = disabled
transport_maps = regexp:{folder}/transport
smtpd_recipient_restrictions = permit_mynetworks, reject
"""
# Whoever is known takes the mail; others do not exist, and the report about them goes to our inbox.
_TRANSPORT = """\
/^known[0-9]*@bakery\\.example$/ discard:
/@mail\\.halvern\\.example$/ lmtp:inet:127.0.0.1:{inbox}
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
local unix - n n - - local
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


@contextmanager
def running(inbox: int) -> Iterator[str]:
    """Its address, as `THINSLICE_MAIL`; reports are brought to our inbox at that port."""
    program = str(tool("postfix", package="postfix"))
    folder = Path(tempfile.mkdtemp(prefix="postfix"))  # short: its sockets have long names
    folder.chmod(0o755)
    port = free_port()
    for name, text in {"main.cf": _MAIN, "transport": _TRANSPORT, "master.cf": _MASTER}.items():
        (folder / name).write_text(text.format(folder=folder, inbox=inbox, port=port))
    (folder / "queue").mkdir()
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    given = [program, "-c", str(folder)]
    try:
        subprocess.run([*given, "start"], check=True, capture_output=True, env=_environment())
        wait_until((folder / "queue/public/cleanup").exists, what="postfix")
        yield f"smtp://127.0.0.1:{port}?tls=none"
    finally:
        subprocess.run([*given, "stop"], check=False, capture_output=True, env=_environment())
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MAIL_")}
