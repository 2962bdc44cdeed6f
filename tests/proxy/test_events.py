"""/events over ASGI: one look for all readers, its bounds, and how a stream ends."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from falcon import testing
from support import golden
from support.desk import Served
from support.events import House, blocks, lasting
from support.helptext import examples

from proxy.app import Application
from proxy.events.streams import Pace
from proxy.state import rows
from pypowerwall_core.catalog import NEEDS

QUICK = Pace(heartbeat_s=60.0, look_s=0.004, apart_s=0.0, state_s=0.0)
BOUND_S = 5.0


class Client(House):
    """One request to the application, as a server would make it."""

    def __init__(self, application: Application, method: str = "GET", **headers: str) -> None:
        super().__init__()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_ended = False
        self.reads = asyncio.Event()
        self.reads.set()
        self._gone = asyncio.Event()
        self._asked = False
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        query = named.pop("query", "")
        scope = testing.create_scope(
            "/events", method=method, headers=named, host="powerwall", query_string=query
        )
        scope["raw_path"] = b"/events"
        self.task = asyncio.create_task(application(scope, self._receive, self._send))  # type: ignore[arg-type]

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif self.headers["content-type"] == "text/event-stream":
            for block in blocks(message.get("body", b"")):
                self.read(block)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.has_ended = True
            self._gone.set()  # as a server tells who asks after the end

    async def has(self, is_so: Callable[[House], object]) -> None:
        async with asyncio.timeout(BOUND_S):
            while not is_so(self):  # noqa: ASYNC110 - of anything, also of what tells nobody
                await asyncio.sleep(0.001)

    async def told(self, count: int) -> None:
        await self.has(lambda house: len(house.events) >= count)

    async def hangs_up(self) -> None:
        self._gone.set()
        await asyncio.wait_for(self.task, BOUND_S)


class World(Served):
    """A house whose application is asked on one event loop."""

    def __init__(self, pace: Pace = QUICK, **environ: str) -> None:
        super().__init__(**environ)
        self.looks = 0
        self.application = Application(self.desk, pace)
        look = self.site.look

        def counted(needs: Any) -> Any:
            self.looks += 1
            return look(needs)

        self.site.look = counted  # type: ignore[method-assign]
        self.lands(load=900)

    def lands(self, **watts: float) -> None:
        meters = {meter: {"instant_power": power} for meter, power in watts.items()}
        self.gateway.documents["aggregates"] = meters
        self.world.run(6.0)
        self.site.ask(["aggregates"])
        self.world.run(1.0)

    def opens(self, **headers: str) -> Client:
        return Client(self.application, **headers)

    @property
    def tasks(self) -> int:
        """How many look."""
        return sum("_look_on" in repr(task) for task in asyncio.all_tasks())


def live(story: Callable[[World], Awaitable[None]], pace: Pace = QUICK, **environ: str) -> World:
    world = World(pace, **environ)

    async def lived() -> None:
        try:
            await asyncio.wait_for(story(world), 2 * BOUND_S)
        finally:
            world.application._streams.end()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait(others, timeout=BOUND_S) if others else None

    asyncio.run(lived())
    return world


def load_w(client: House) -> Any:
    return client.rows["power_w", "load"]["value"]


def test_first_comes_everything_then_only_what_has_changed() -> None:
    async def story(world: World) -> None:
        client = world.opens()
        await client.told(1)
        assert client.headers["content-type"] == "text/event-stream"
        assert client.headers["cache-control"] == "no-store"
        assert client.others == [b"retry: 3000"]
        assert client.known == lasting(rows(world.desk, world.site.peek(NEEDS)))
        world.lands(load=1200)
        await client.has(lambda house: load_w(house) == 1200)
        event, change = client.events[1]
        assert event == "change"
        assert {row["fact"] for row in change["rows"]} >= {"power_w"}
        assert len(change["rows"]) < len(client.rows) / 2
        await client.has(
            lambda _: client.known == lasting(rows(world.desk, world.site.peek(NEEDS)))
        )
        assert client.names[1:] == ["change"] * len(client.names[1:])

    live(story)


def test_what_a_reader_missed_comes_as_one_change_and_not_to_who_was_elsewhere() -> None:
    async def story(world: World) -> None:
        first = world.opens()
        await first.told(1)
        await first.hangs_up()
        for watts in (1000, 1100, 1200):
            world.lands(load=watts)
        again, stranger = world.opens(Last_Event_ID=first.last_id), world.opens(Last_Event_ID="x-1")
        await again.told(1)
        await stranger.told(1)
        assert (again.names, stranger.names) == (["change"], ["state"])
        assert load_w(again) == 1200
        assert len(again.rows) < len(stranger.rows)

    live(story)


def test_nobody_looks_while_nobody_reads() -> None:
    async def story(world: World) -> None:
        assert world.tasks == 0
        clients = [world.opens() for _ in range(3)]
        for client in clients:
            await client.told(1)
        assert world.tasks == 1
        assert world.desk.streams.open == 3
        for client in clients:
            await client.hangs_up()
        assert world.desk.streams.open == 0
        await asyncio.sleep(0)
        assert world.tasks == 0
        looks = world.looks
        await asyncio.sleep(3 * QUICK.look_s)
        assert world.looks == looks
        assert world.site._listeners == ()
        late = world.opens()
        await late.told(1)
        assert world.tasks == 1

    live(story)


def test_many_readers_are_one_look_and_one_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def counted(*args: Any) -> Any:
        rendered.append(args)
        return rows(*args)

    monkeypatch.setattr("proxy.events.streams.rows", counted)

    async def story(world: World) -> None:
        clients = [world.opens() for _ in range(40)]
        for client in clients:
            await client.told(1)
        assert len(rendered) == 1
        before = world.looks
        await asyncio.sleep(0.02)
        assert before < world.looks < before + 20
        assert len(rendered) == 1, "nothing has changed"

    live(story, Pace(look_s=0.004, apart_s=0.001))


def test_being_open_is_interest_and_no_flight() -> None:
    async def story(world: World) -> None:
        client = world.opens()
        await client.told(1)
        world.world.run(0.5)
        sent = len(world.gateway.sent)
        assert all(not slot.wanted_s for slot in world.world.lane._tower.slots.values())
        for _ in range(12):
            world.world.run(1.0)
            looks = world.looks
            await client.has(lambda _, looks=looks: world.looks > looks)  # type: ignore[misc]
        assert len(world.gateway.sent) > sent, "kept fresh because it is looked at"

    live(story)


def test_a_slow_reader_is_told_all_anew_and_keeps_nobody_waiting() -> None:
    async def story(world: World) -> None:
        slow, quick = world.opens(), world.opens()
        for client in (slow, quick):
            await client.told(1)
        slow.reads.clear()
        for watts in range(1000, 1040):
            world.lands(load=watts)
            await quick.has(lambda house, watts=watts: load_w(house) == watts)  # type: ignore[misc]
        assert world.desk.streams.dropped > 0
        slow.reads.set()
        await slow.has(lambda house: load_w(house) == 1039)
        assert slow.names.count("state") == 2
        assert slow.known == quick.known
        assert quick.names.count("state") == 1

    live(story)


def test_silence_is_broken_by_a_comment() -> None:
    async def story(world: World) -> None:
        clients = [world.opens(), world.opens()]
        for client in clients:
            await client.has(lambda house: house.others.count(b": heartbeat") >= 2)
            assert client.names == ["state"]

    live(story, Pace(heartbeat_s=0.01, look_s=0.004, apart_s=0.001))
    assert Pace().heartbeat_s == 15.0


def test_beyond_the_cap_it_is_503_and_a_place_is_free_as_soon_as_one_leaves() -> None:
    async def story(world: World) -> None:
        held = [world.opens() for _ in range(2)]
        for client in held:
            await client.told(1)
        for method in ("GET", "HEAD"):
            refused = world.opens(method=method)
            await refused.task
            assert refused.status == 503
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["access-control-allow-origin"] == "*"
        assert (world.desk.streams.open, world.desk.streams.refused) == (2, 2)
        await held[0].hangs_up()
        late = world.opens()
        await late.told(1)
        assert late.status == 200

    live(story, PW_MAX_STREAMS="2")


def test_head_is_answered_without_a_stream() -> None:
    async def story(world: World) -> None:
        client = world.opens(method="HEAD")
        await client.task
        assert client.status == 200
        assert client.headers["content-type"] == "text/event-stream"
        assert "content-length" not in client.headers
        assert world.desk.streams.open == 0

    live(story)


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ({}, 401),
        ({"query": "token=wrong"}, 401),
        ({"query": "token=read"}, 200),
        ({"Authorization": "Bearer read"}, 200),
    ],
)
def test_the_read_token_is_asked_for_as_anywhere(shown: dict[str, str], status: int) -> None:
    async def story(world: World) -> None:
        client = world.opens(**shown)
        await client.has(lambda _: client.status)
        assert client.status == status

    live(story, PW_READ_TOKEN="read")


def test_when_the_proxy_ends_streams_end_first_and_none_begins() -> None:
    async def story(world: World) -> None:
        clients = [world.opens() for _ in range(3)]
        for client in clients:
            await client.told(1)
        await world.application.close()
        await asyncio.wait_for(asyncio.gather(*(client.task for client in clients)), BOUND_S)
        assert all(client.has_ended for client in clients)
        late = world.opens()
        await late.task
        assert late.status == 503

    live(story)


def test_a_bug_in_a_look_ends_the_streams_and_those_who_come_again_are_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(world: World) -> None:
        client = world.opens()
        await client.told(1)
        look = world.site.look

        def broken(needs: Any) -> Any:
            raise ValueError(needs)

        world.site.look = broken  # type: ignore[method-assign]
        await asyncio.wait_for(client.task, BOUND_S)
        assert client.has_ended
        world.site.look = look  # type: ignore[method-assign]
        again = world.opens()
        await again.told(1)
        assert world.tasks == 1

    live(story)
    assert "this is a bug" in caplog.text


def test_readers_that_left_leave_nothing_behind() -> None:
    async def story(world: World) -> None:
        for _ in range(3):
            clients = [world.opens() for _ in range(5)]
            for client in clients:
                await client.told(1)
                await client.hangs_up()
        del client, clients
        await asyncio.sleep(0.01)
        gc.collect()
        streams = world.application._streams
        assert (streams._readers, streams._asleep) == ({}, [])
        assert streams._broadcast._inboxes == {}
        assert len(asyncio.all_tasks()) <= 2

    live(story)


def test_the_help_shows_events_and_curves_as_they_are() -> None:
    served = Served()
    (told,) = (json.loads(text) for text in examples("Live stream", "json"))
    real = served.get("/api/v1/recent").json
    assert golden._kinds(told) == golden._kinds(real)
    assert (told["every_s"], told["for_s"]) == (real["every_s"], real["for_s"])
    (shown,) = examples("Live stream", "text")
    lines = served.get("/events").text.splitlines()
    assert lines[0] in shown.splitlines()
    row = json.loads(re.search(r'"rows":\[(\{.*?\}), ', shown)[1])  # type: ignore[index]
    assert row.keys() == json.loads(lines[4].removeprefix("data: "))["rows"][0].keys()


def test_the_client_that_the_help_shows_in_python_reads_a_stream(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (program,) = examples("Live stream", "python")
    served = Served()
    served.gateway.documents["aggregates"] = {"solar": {"instant_power": 3000}}
    served.warm("/aggregates")
    body = served.get("/events").content
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(body))
    exec(program, {})  # noqa: S102 - our own
    assert "solar 3000 fresh\n" in capsys.readouterr().out
