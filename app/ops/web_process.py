"""One web process: uvicorn on a socket that the supervisor opened, the edge's protocol first."""

import asyncio
import resource
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from app.ops.supervise import end_with_parent
from app.ops.wire import Line, Server
from app.platform import config, garbage, log, meter_files
from app.platform.config import Settings
from app.tracking.connections import Connections
from app.tracking.edge import Edge
from app.tracking.protocol import EdgeProtocol


def run_web(name: str, build: Callable[[Settings], Edge], *, fd: int) -> None:
    """Serve until told to stop; requests under way are answered first."""
    settings = config.load()
    log.set_up(name, settings.log_format)
    end_with_parent()
    listener = socket.socket(fileno=fd)
    _take_many_connections()
    edge = build(settings)
    tempfile.tempdir = str(settings.data_dir / "imports")  # of uploads: /tmp may be memory
    garbage.look_briefly()
    with meter_files.kept(settings.data_dir / "meters", name):
        server_of(edge).run(sockets=[listener])


def server_of(edge: Edge) -> uvicorn.Server:
    """Tracked addresses by our own protocol, whatever else is asked by ASGI."""
    return Server(
        uvicorn.Config(
            edge,
            loop="uvloop",
            http=_Callers(edge),  # type: ignore[arg-type]  # a class to it; it only calls it
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the edge and the guard read them, from TRUSTED_PROXIES only
            timeout_graceful_shutdown=10,
        )
    )


@contextmanager
def answering(application: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """Answer beside what this process does, in a thread of its own, while the block runs."""
    known = uvicorn.Config(
        application,
        loop="uvloop",
        http=Line,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = Server(known)
    thread = threading.Thread(target=server.run, args=([listener],), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.handle_exit(signal.SIGTERM, None)
        thread.join()


class _Callers:
    """Makes a protocol of each connection, as uvicorn asks for it; its own waits behind."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._shared: Connections | None = None

    def __call__(self, *, server_state: ServerState, **known: Any) -> asyncio.Protocol:
        if self._shared is None:
            behind = partial(Line, server_state=server_state, **known)
            self._shared = Connections(
                self._edge, behind=behind, connections=server_state.connections
            )
        return EdgeProtocol(self._shared)


def _take_many_connections() -> None:
    """As many as the system allows us: each silent sender takes one for a while."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
