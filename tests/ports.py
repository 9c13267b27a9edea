"""A port for a server of a test: one that no connection that somebody opens can take meanwhile."""

import random
import socket
from pathlib import Path

# Where the system takes ports for connections that are opened (Linux; its default elsewhere). While
# a server is started again, its port is nobody's: one out of these may belong to a client by then.
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST_OF_CLIENTS = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
_FIRST = 10_000


def free_port() -> int:
    """One on which nobody listens on this machine."""
    chosen = random.SystemRandom()
    while True:
        port = chosen.randrange(_FIRST, _FIRST_OF_CLIENTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
