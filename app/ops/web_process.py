"""One web process: uvicorn on a socket that the supervisor opened."""

import resource
import socket
import tempfile
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from app.ops.supervise import end_with_parent
from app.ops.wire import Line, Server
from app.platform import config, garbage, log
from app.platform.config import Settings


def run_web(name: str, build: Callable[[Settings], ASGIApp], *, fd: int) -> None:
    """Serve until told to stop; requests under way are answered first."""
    log.set_up(name)
    end_with_parent()
    settings = config.load()
    listener = socket.socket(fileno=fd)
    _take_many_connections()
    application = build(settings)
    tempfile.tempdir = str(settings.data_dir / "imports")  # of uploads: /tmp may be memory
    garbage.look_seldom()
    server = Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http=Line,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the edge and the guard read them, from TRUSTED_PROXIES only
            timeout_graceful_shutdown=10,
        )
    )
    server.run(sockets=[listener])


def _take_many_connections() -> None:
    """As many as the system allows us: each silent sender takes one for a while."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
