"""Whatever is sent: clean answers or a close, nothing in the log, nothing at the gateway.

Both parsers that installations have: httptools with uvloop, h11 with asyncio (armv7).
"""

import socket
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hostile import ACTING, ROUTES, STILL, Asked, Conversation, conversation
from support.hostile_answers import PARSERS, Heard, Unclean, exchange, judge, parser
from support.served import PASSWORD, Served

from pypowerwall_core.backends.local.reader import ROWS
from simulator.endpoints import LOGIN_PATH
from simulator.gateway import Simulator

ALLOWED = {LOGIN_PATH, *(row.path for row in ROWS)}
SHRINKING = st.randoms(use_true_random=False)
SPREAD = st.integers(0, 2**32 - 1).map(Random)
"""Does not shrink, but is everywhere at once: thirty routes have many neighbours."""
BOUNDED = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(frozen=True, password=PASSWORD) as sim:
        yield sim


@pytest.fixture(scope="module", params=PARSERS)
def served(
    request: pytest.FixtureRequest, sim: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile-random")
    about = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD, "PW_CACHE_EXPIRE": "600"}
    with Served(folder, **about, **parser(folder / "modules", request.param)) as served:
        served.known("/soe")
        yield served


def hold(served: Served, held: Conversation) -> None:
    """After each conversation: nothing bad in the log, and a good request is answered."""
    began = len(served.log)
    judge(held, exchange(served.port, held))
    assert served.get("/soe").document == {"percentage": 50}
    news = served.log[began:]
    assert "Traceback" not in news
    assert " ERROR " not in news


def test_no_conversation_that_names_no_new_route_reaches_the_gateway(
    sim: Simulator, served: Served
) -> None:
    """Before the next test, which makes the proxy ask for more."""
    asked, log = sim.counters.snapshot()["total"], served.log

    @BOUNDED
    @given(SHRINKING)
    def holds(random: Random) -> None:
        hold(served, conversation(random, STILL))
        assert served.log == log
        assert sim.counters.snapshot()["total"] == asked

    holds()


def test_no_conversation_reaches_a_path_that_is_not_on_the_list(
    sim: Simulator, served: Served
) -> None:
    @BOUNDED
    @given(SPREAD)
    def holds(random: Random) -> None:
        hold(served, conversation(random, ROUTES))
        assert sim.counters.snapshot()["requests"].keys() <= ALLOWED

    holds()


def test_who_sends_no_more_reads_a_whole_answer(served: Served) -> None:
    """`100 Continue`, head and body are three writes, and the end comes between them."""
    put = b"PUT /soe HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx"
    with socket.create_connection(("127.0.0.1", served.port), 10) as client:
        client.sendall(put)
        client.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: client.recv(65536), b""))
    assert heard.endswith(b'{"error": "405 Method Not Allowed"}')


def test_the_list_holds_nothing_that_acts() -> None:
    acting = {path.decode() for path in ACTING} - {LOGIN_PATH}
    assert acting & ALLOWED == {"/api/operation"}, "which acts only when it is written"


GET = Asked(b"GET /soe HTTP/1.1\r\nHost: a\r\n\r\n", target=b"/soe", sound=True)
LOST = Asked(b"GET //soe HTTP/1.1\r\nHost: a\r\n\r\n", target=b"//soe", sound=True)
BROKEN = Asked(b"\0\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("asked", "data"),
    [
        ((GET,), b""),
        ((GET,), OK * 2),
        ((GET, GET), OK),
        ((LOST,), OK),
        ((BROKEN,), OK),
        ((GET,), OK.replace(b"200", b"404")),
        ((GET,), OK.replace(b"200", b"500")),
        ((GET,), OK.replace(b"{}", b"{")),
        ((GET,), OK.replace(b"{}", b"{x")),
        ((GET,), OK.replace(b"1.1", b"1.0")),
        ((GET,), OK.replace(b"length", b"size")),
        ((GET,), OK.replace(b"type", b"length")),
        ((GET,), OK.replace(b": ", b":\0")),
        ((GET,), OK.replace(b"2\r\n", b"2\r\nconnection: close\r\n") + b"x"),
        ((GET,), OK.replace(b"2\r\n\r\n{}", b"9\r\n\r\nTraceback")),
    ],
)
def test_the_judge_can_say_no(asked: tuple[Asked, ...], data: bytes) -> None:
    held = Conversation(asked)
    with pytest.raises((Unclean, ValueError)):
        judge(held, Heard(data, reset=False))


def test_the_judge_can_say_yes() -> None:
    lost = OK.replace(b"200", b"404")
    assert judge(Conversation((GET, LOST, GET)), Heard(OK + lost + OK, reset=False)) == 3
