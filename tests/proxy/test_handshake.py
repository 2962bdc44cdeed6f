"""TLS connections of a real server pass the same gate, also before they have shaken hands.

Both event loops: uvloop where wheels exist, asyncio on armv7.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import uvicorn
from support.served import received, until
from support.threaded import running
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from proxy.certificate import make_certificate
from proxy.connections import Gate, guarded
from proxy.handshake import Door, secured
from proxy.tls import Pair

BOUND_S = 5.0
SHORT_S = 0.5
ASK = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"

Serve = Callable[[Gate], int]


async def application(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    body = scope["scheme"].encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_text(make_certificate())
    return Pair(path, path)


class Server(uvicorn.Server):
    """uvicorn behind our door; the product's own needs gunicorn."""

    door: Door

    async def startup(self, sockets: Any = None) -> None:
        await super().startup([])
        self.door.peers = self.server_state.connections
        self.accepting = [asyncio.create_task(self.door.accept(one)) for one in sockets]

    async def shutdown(self, sockets: Any = None) -> None:
        for accepting in self.accepting:
            accepting.cancel()
        await super().shutdown(sockets)

    def make(self) -> Any:
        kind = self.config.http_protocol_class
        return kind(config=self.config, server_state=self.server_state, app_state={})  # type: ignore[call-arg]


@pytest.fixture(params=["uvloop", "asyncio"])
def serve(request: pytest.FixtureRequest, pair: Pair) -> Iterator[Serve]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    with ExitStack() as stack:

        def start(gate: Gate) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            config = uvicorn.Config(
                application,
                loop=request.param,
                http=secured(guarded(AutoHTTPProtocol, gate)),
                lifespan="off",
                ws="none",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
            server = Server(config)
            server.door = Door(gate, pair.context(), server.make, set())
            return stack.enter_context(running(server, listener))

        yield start


@pytest.fixture
def client(pair: Pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair.certificate))


def _plain(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=BOUND_S)


def _secure(port: int, client: ssl.SSLContext) -> ssl.SSLSocket:
    return client.wrap_socket(_plain(port), server_hostname="localhost")


def _answer(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"https"):
        more = connection.recv(65536)
        assert more, "closed before it had answered"
        data += more
    return data


def _ended_after_s(connection: socket.socket) -> float:
    began_s = time.monotonic()
    with suppress(ConnectionError):
        assert connection.recv(65536) == b""
    return time.monotonic() - began_s


def test_an_answer_comes_over_tls_and_the_application_knows(
    serve: Serve, client: ssl.SSLContext
) -> None:
    with _secure(serve(Gate()), client) as connection:
        for _ in range(3):
            connection.sendall(ASK)
            assert b"\r\n\r\n" in _answer(connection)


def test_what_comes_along_with_the_handshake_is_heard(serve: Serve, client: ssl.SSLContext) -> None:
    port = serve(Gate())
    for _ in range(20):
        asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client.wrap_bio(answered, asked, server_hostname="localhost")
        with _plain(port) as connection:
            with pytest.raises(ssl.SSLWantReadError):
                tls.do_handshake()
            connection.sendall(asked.read())
            while True:
                answered.write(connection.recv(65536))
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    continue
            tls.write(LAST)
            connection.sendall(asked.read())  # the end of the handshake and a request in one
            heard = b""
            while not heard.endswith(b"https"):
                answered.write(connection.recv(65536))
                with suppress(ssl.SSLWantReadError):
                    while piece := tls.read(65536):
                        heard += piece


def test_a_connection_that_says_nothing_is_ended(serve: Serve) -> None:
    gate = Gate(request_most_s=SHORT_S)
    with _plain(serve(gate)) as silent:
        until(lambda: len(gate) == 1)
        assert _ended_after_s(silent) < 2 * SHORT_S
    until(lambda: len(gate) == 0)


def test_a_handshake_in_pieces_without_end_is_ended(serve: Serve, client: ssl.SSLContext) -> None:
    asked = ssl.MemoryBIO()
    tls = client.wrap_bio(ssl.MemoryBIO(), asked, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = asked.read()
    began_s = time.monotonic()
    with _plain(serve(Gate(request_most_s=SHORT_S))) as slow, pytest.raises(ConnectionError):  # noqa: PT012
        for byte in hello:
            slow.sendall(bytes([byte]))
            time.sleep(SHORT_S / 20)
    assert time.monotonic() - began_s < 3 * SHORT_S


def test_the_handshake_and_the_first_request_share_one_time(
    serve: Serve, client: ssl.SSLContext
) -> None:
    with _plain(serve(Gate(request_most_s=SHORT_S))) as plain:
        began_s = time.monotonic()
        time.sleep(0.7 * SHORT_S)
        with client.wrap_socket(plain, server_hostname="localhost") as silent:
            _ended_after_s(silent)
        assert time.monotonic() - began_s < 1.5 * SHORT_S


def test_the_longest_silent_makes_room(serve: Serve, client: ssl.SSLContext) -> None:
    gate = Gate(most=5)
    port = serve(gate)
    with ExitStack() as stack:
        silent = [stack.enter_context(_plain(port)) for _ in range(5)]
        until(lambda: len(gate) == 5)
        with _secure(port, client) as connection:
            connection.sendall(ASK)
            assert _answer(connection)
            assert len(gate) <= 5
        assert received(silent[0]) == b""


def test_connections_that_were_served_or_left_are_forgotten(
    serve: Serve, client: ssl.SSLContext
) -> None:
    gate = Gate()
    port = serve(gate)
    for _ in range(20):
        with _secure(port, client) as connection:
            connection.sendall(LAST)
            assert received(connection).endswith(b"https")
        with _plain(port):
            pass
        with _plain(port) as wrong:
            wrong.sendall(ASK)
            received(wrong)
        with _plain(port) as half:
            half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            half.shutdown(socket.SHUT_WR)
            received(half)
    until(lambda: len(gate) == 0)


def test_plain_http_is_not_answered(serve: Serve) -> None:
    with _plain(serve(Gate())) as wrong:
        wrong.sendall(ASK)
        assert not received(wrong).startswith(b"HTTP")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_newer_are_spoken(
    serve: Serve, client: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    client.minimum_version = client.maximum_version = version
    with _secure(serve(Gate()), client) as connection:
        assert connection.version() == version.name.replace("_", ".")


def test_older_tls_is_not_spoken(pair: Pair) -> None:
    assert pair.context().minimum_version is ssl.TLSVersion.TLSv1_2
