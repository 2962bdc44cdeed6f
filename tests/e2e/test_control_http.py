"""Commands to a running proxy, by both parsers: who is let in, and with what kind of body.

Its gateway is not there, so a command that is let in is rejected: nothing was sent.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from support.hostile_answers import PARSERS, parser
from support.served import Reply, Served, free_port, received, request, until

SECRET = "c0ntrol-me"
RESERVE = "/control/reserve"
FORM = f"value=20&token={SECRET}".encode()
HEAD = b"POST /control/reserve HTTP/1.1\r\nHost: test\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def settings() -> dict[str, str]:
    nobody = f"127.0.0.1:{free_port()}"
    return {"PW_HOST": nobody, "PW_PASSWORD": "nobody", "PW_CONTROL_SECRET": SECRET}


@pytest.fixture(scope="module", params=PARSERS)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("control")
    environ = settings() | parser(folder / "parser", request.param)
    with Served(folder, **environ) as running:
        yield running


def post(served: Served, body: bytes, path: str = RESERVE, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return request(served.port, path, form | named, method="POST", body=body)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def one_answer(connection: socket.socket) -> bytes:
    """Read an answer to its end, however many pieces it comes in."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + body


def count(served: Served) -> int:
    return len(served.get("/api/v1/commands").document["commands"])


def test_a_command_that_finds_no_gateway_changed_nothing(served: Served) -> None:
    reply = post(served, FORM)
    assert reply.status == 409
    document = reply.document
    assert (document["outcome"], document["error"]) == ("rejected", "Failed to set reserve")
    assert document["reason"]
    assert SECRET not in served.log


def test_a_body_in_chunks_is_a_command(served: Served) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, FORM[n : n + 1]) for n in range(len(FORM)))
    answer = served.send(
        CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + chunks + b"0\r\n\r\n"
    )
    assert status(answer) == 409


@pytest.mark.parametrize("path", ["/control/mode", "/api/v1/commands", "/api/operation"])
def test_without_the_token_nobody_is_let_in(served: Served, path: str) -> None:
    before = count(served)
    reply = post(served, b"value=backup", path)
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert count(served) == before


@pytest.mark.parametrize("size", [4097, 100_000, 3_000_000])
def test_a_long_body_is_413_and_its_client_can_read_that(served: Served, size: int) -> None:
    assert post(served, FORM + b"&" + b"a" * (size - len(FORM) - 1)).status == 413


def test_a_body_that_never_ends_is_answered_before_its_end(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(CHUNKED)
        for _ in range(5):
            connection.sendall(b"3e8\r\n" + b"a" * 1000 + b"\r\n")
        assert status(connection.recv(65536)) == 413


def test_after_a_long_body_the_connection_goes_on(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 10000\r\n\r\n" + b"a" * 10_000)
        assert status(one_answer(connection)) == 413
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        assert status(received(connection)) == 200


def test_half_a_command_is_not_obeyed(served: Served) -> None:
    before = count(served)
    for begun in (
        CHUNKED + b"%x\r\n%s\r\n" % (len(FORM), FORM),
        HEAD + b"Content-Length: 99\r\n\r\n" + FORM,
    ):
        with served.connect() as connection:
            connection.sendall(begun)
            connection.shutdown(socket.SHUT_WR)
            received(connection)
    post(served, b"")  # everything before it has been taken up
    assert count(served) == before


def test_whoever_guesses_rests(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Served(tmp_path_factory.mktemp("guessed"), **settings()) as served:
        guesses = [post(served, f"value=20&token=guess{n}".encode()).status for n in range(12)]
        assert guesses == [401] * 10 + [429] * 2
        reply = post(served, FORM)
        assert (reply.status, 0 < int(reply.headers["Retry-After"]) <= 60) == (429, True)
        assert served.get(RESERVE).status == 200
        assert len(until(lambda: served.lines("wrong control tokens"))) == 1
        assert "guess" not in served.log.replace("guessed", "")


def test_problem_documents_of_a_running_proxy_are_json(served: Served) -> None:
    reply = post(
        served,
        json.dumps({"x": 1}).encode(),
        "/api/v1/commands",
        Authorization=f"Bearer {SECRET}",
        Content_Type="application/json",
    )
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert reply.document["status"] == 400
