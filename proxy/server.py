"""The process: gunicorn around one worker that answers from memory.

One worker, always: session, lane and memory live in it. Threads lead to the gateway, an
event loop serves any number of clients.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn import Config, Server
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn_worker import UvicornWorker

from pypowerwall_core.errors import BadSetting, RetryLater

from .connections import CONNECTIONS_MOST, HEAD_MOST, Gate, guarded, keep_unsent_small
from .handshake import Door, secured
from .room import SHARED_MEMORY
from .settings import Settings
from .tls import Pair

if TYPE_CHECKING:  # the master never answers: what does is loaded in the worker
    from .app import Application

BACKLOG = 1024
KEEP_ALIVE_S = 65
"""Longer than the usual poll interval, so that clients which keep connections do."""
DRAIN_S = 2
END_S = 4
FAREWELL_S = 1.0
"""TLS says goodbye from both sides; idle clients answer late or never."""

_PASSING = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)
_log = logging.getLogger(__name__)


def listen(settings: Settings) -> socket.socket:
    """Bind the port before anything else starts.

    Raises:
        RetryLater: The address is not ours or the port is taken: after a power cut that passes.
        BadSetting: It can never be listened on.
    """
    host = settings.bind_address or "0.0.0.0"  # noqa: S104 - what existing installations rely on
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"[{host}]" if ":" in host else host
        trouble = f"cannot listen on {where}:{settings.port}: {error.strerror or error}"
        remedy = "Set PW_PORT or PW_BIND_ADDRESS, or stop what uses the port."
        if error.errno in _PASSING:
            raise RetryLater(trouble, remedy=remedy) from error
        raise BadSetting(f"{trouble}. {remedy}") from error
    keep_unsent_small(listener)
    return listener


def serve(
    listener: socket.socket,
    make_app: Callable[[], Application],
    pair: Pair | None = None,
    connections_most: int = CONNECTIONS_MOST,
) -> None:
    """Serve an application until a signal ends the process; it is made in the worker.

    With a certificate and its key, over TLS only.
    """
    application = _Application(listener, make_app, pair, connections_most)
    # What master and worker have in common stays so only if no collection of the worker walks it.
    gc.collect()
    gc.freeze()
    application.run()


class _Application(BaseApplication):
    """gunicorn, embedded: no configuration file, no environment variable of its own."""

    def __init__(
        self,
        listener: socket.socket,
        make_app: Callable[[], Application],
        pair: Pair | None,
        connections_most: int,
    ) -> None:
        self._listener = listener
        self._make_app = make_app
        self._pair = pair
        self.connections_most = connections_most
        self._context: ssl.SSLContext | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": 1,  # whatever WEB_CONCURRENCY says
            "worker_class": _Worker,
            "keepalive": KEEP_ALIVE_S,
            "backlog": BACKLOG,
            "graceful_timeout": END_S,
            "worker_tmp_dir": str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None,
            "control_socket_disable": True,  # it would open one in HOME
            "logger_class": _Logger,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        return self._make_app()  # in the worker

    def tls(self) -> ssl.SSLContext | None:
        """Read the certificate anew for each worker: HUP is how a renewed one gets in."""
        if self._pair is None:
            return None
        try:
            self._context = self._pair.context()
        except (OSError, ValueError) as error:
            if self._context is None:
                raise
            _log.error("HTTPS: the old certificate stays in use, the new one is none: %s", error)
        return self._context

    def run(self) -> None:
        _Arbiter(self).run()


class _Arbiter(Arbiter):
    """gunicorn's master, content with one worker."""

    def handle_ttin(self) -> None:
        _log.info("TTIN ignored: session and memory live in the one worker")

    handle_ttou = handle_ttin


class _Logger(Logger):
    """Leaves all logging to our one handler and its filter."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        for log in (self.error_log, self.access_log):
            log.handlers = []
            log.propagate = True


class _Server(Server):
    """uvicorn, which ends streams and lanes before it waits for clients that wait for them.

    TLS connections come through a door of our own: uvicorn's would not guard handshakes.
    """

    def __init__(
        self, config: Config, app: Application, gate: Gate, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(config)
        self._application = app
        self._gate = gate
        self._context = context
        self._accepting: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._context is None:
            await super().startup(sockets)
            return
        await super().startup([])
        door = Door(self._gate, self._context, self._make_http, self.server_state.connections)
        for listener in sockets or []:
            accepting = asyncio.create_task(door.accept(listener))
            accepting.add_done_callback(self._accepts_no_more)
            self._accepting.append(accepting)

    def _accepts_no_more(self, accepting: asyncio.Task[None]) -> None:
        """End when a bug ended the accepting: another worker is better than a deaf one."""
        if not accepting.cancelled() and (error := accepting.exception()) is not None:
            _log.error("cannot accept connections any more: ending", exc_info=error)
            self.should_exit = True

    def _make_http(self) -> Any:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for accepting in self._accepting:
            accepting.cancel()
        await self._application.close()
        asyncio.get_running_loop().call_later(FAREWELL_S, self._drop_idle)
        await super().shutdown(sockets)

    def _drop_idle(self) -> None:
        connections: list[Any] = list(self.server_state.connections)
        for connection in connections:
            if not connection.busy:
                connection.drop()


class _Worker(UvicornWorker):
    """The process that serves: a gate before uvicorn, its log left to us."""

    _server: _Server

    def __init__(
        self, age: int, ppid: int, sockets: Any, app: _Application, *more: Any, **named: Any
    ) -> None:
        self._gate = Gate(app.connections_most)
        self._context = app.tls()
        protocol = guarded(AutoHTTPProtocol, self._gate)
        self.CONFIG_KWARGS = {
            "http": protocol if self._context is None else secured(protocol),
            "h11_max_incomplete_event_size": HEAD_MOST,
            "lifespan": "on",
            "ws": "none",
            "server_header": False,
            "access_log": False,
            "proxy_headers": False,
            "timeout_graceful_shutdown": DRAIN_S,
        }
        super().__init__(age, ppid, sockets, app, *more, **named)
        for name in ("uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).handlers = []
            logging.getLogger(name).propagate = True
            logging.getLogger(name).setLevel(logging.getLogger("uvicorn").level)

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        self._server = _Server(self.config, self.wsgi, self._gate, self._context)
        gc.collect()
        gc.freeze()  # what was imported stays; looking at it again and again costs 5 %
        loop = asyncio.get_running_loop()
        # gunicorn's master says QUIT when it was told INT; uvicorn alone would not hear it.
        loop.add_signal_handler(signal.SIGQUIT, self._server.handle_exit, signal.SIGQUIT, None)
        await self._server.serve(sockets=self.sockets)
        if not self._server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Tell the master that we live; end when it does not, or the port stays taken."""
        self.notify()
        if os.getppid() != self.ppid:
            _log.error("the master process is gone: ending")
            self._server.should_exit = True
