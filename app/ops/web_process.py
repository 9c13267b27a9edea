"""One web process: uvicorn on a socket that the supervisor opened."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from app.ops.supervise import end_with_parent
from app.platform import config, log
from app.platform.config import Settings


def run_web(name: str, build: Callable[[Settings], ASGIApp], *, fd: int) -> None:
    """Serve until told to stop; requests under way are answered first."""
    log.set_up(name)
    end_with_parent()
    settings = config.load()
    listener = socket.socket(fileno=fd)
    server = uvicorn.Server(
        uvicorn.Config(
            build(settings),
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the edge and the guard read them, from TRUSTED_PROXIES only
            timeout_graceful_shutdown=10,
        )
    )
    server.run(sockets=[listener])
