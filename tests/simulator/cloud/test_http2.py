"""HTTP/2, and that everything is the same there as over HTTP/1.1."""

import threading
import zlib
from typing import Any

import pytest
from h2.exceptions import ProtocolError

from simulator.cloud.http2 import response_head
from simulator.https import MAX_BODY


def test_a_head_is_retold_without_what_is_of_one_connection() -> None:
    data = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\nx: y: z\r\ncontent-length: 7"
    wanted = [(":status", "404"), ("x", "y: z"), ("content-length", "7")]
    assert response_head(data) == (wanted, 7)
    assert response_head(b"HTTP/1.1 204 No Content\r\ndate: now") == (
        [(":status", "204"), ("date", "now")],
        0,
    )


def test_it_is_chosen_by_who_can_and_only_then(cloud: Any, meet: Any) -> None:
    modern, plain = meet(cloud, h2=True), meet(cloud)
    assert modern.talk.protocol == "h2"
    modern.login()
    plain.tokens = modern.tokens
    assert plain.ask("/api/1/products").body == modern.ask("/api/1/products").body
    assert cloud.counters.snapshot()["http"] == {"HTTP/2": 3, "HTTP/1.1": 1}


def test_without_it_there_is_http_1_1(start_cloud: Any, meet: Any) -> None:
    cloud = start_cloud(http2=False)
    eager = meet(cloud, h2=True)
    assert eager.talk.protocol is None
    with pytest.raises((OSError, ProtocolError)):
        eager.login()
    person = meet(cloud)
    person.login()
    assert person.ask("/api/1/products").status == 200


def test_requests_on_one_connection_are_answered_side_by_side(
    cloud: Any, meet: Any, until: Any
) -> None:
    person = meet(cloud, h2=True)
    person.login()
    site = f"/api/1/energy_sites/{cloud.site_id}"
    cloud.faults.start("silent", f"{site}/live_status")
    headers = {"authorization": f"Bearer {person.tokens['access_token']}"}
    slow = [person.talk.begin("GET", f"{site}/live_status", None, headers) for _ in range(3)]
    assert person.site("site_info").status == 200
    until(lambda: cloud.counters.snapshot()["in_flight"] == 3)
    cloud.faults.stop()
    assert [person.talk.await_reply(one).status for one in slow] == [200, 200, 200]
    assert cloud.counters.snapshot()["most_in_flight"] == 4
    assert cloud.counters.snapshot()["connections"] == 1


def test_a_stream_that_is_taken_back_is_not_in_flight(cloud: Any, meet: Any, until: Any) -> None:
    person = meet(cloud, h2=True)
    person.login()
    cloud.faults.start("silent", "/api/1/products")
    stream = person.talk.begin("GET", "/api/1/products", None, {})
    until(lambda: cloud.counters.snapshot()["in_flight"] == 1)
    person.talk.h2.reset_stream(stream)
    person.talk.flush()
    until(lambda: cloud.counters.snapshot()["in_flight"] == 0)
    cloud.faults.stop()
    assert person.ask("/api/1/products").status == 200


def test_an_answer_waits_for_room(cloud: Any, meet: Any) -> None:
    person = meet(cloud, h2=True, acknowledge=False)
    person.login()
    path = "calendar_history?kind=power&period=day&start_date=2024-06-01T00:00:00Z"
    headers = {"authorization": f"Bearer {person.tokens['access_token']}"}
    target = f"/api/1/energy_sites/{cloud.site_id}/{path}"
    stream = person.talk.begin("GET", target, None, headers)
    one = person.talk._streams[stream]
    while person.talk.h2.remote_flow_control_window(stream) > 0:
        person.talk.read()
    assert not one.ended
    person.talk.acknowledge = True
    for number in (stream, None):
        person.talk.h2.increment_flow_control_window(10_000_000, number)
    person.talk.flush()
    whole = person.talk.await_reply(stream)
    plain = meet(cloud)
    plain.tokens = person.tokens
    assert len(whole.body) > 300_000
    assert zlib.crc32(whole.body) == zlib.crc32(plain.site(path).body)


def test_what_is_not_http_2_ends_that_connection_only(cloud: Any, meet: Any) -> None:
    person, other = meet(cloud, h2=True), meet(cloud, h2=True)
    person.talk._socket.sendall(b"\x00\x00\x01\x00\x00\x00\x00\x00\x00nonsense" * 5)
    with pytest.raises(OSError):
        person.login()
    other.login()
    assert other.ask("/api/1/products").status == 200


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_other_methods_are_404(cloud: Any, meet: Any, method: str) -> None:
    for h2 in (False, True):
        person = meet(cloud, h2=h2)
        assert person.ask("/api/1/products", method).status == 404


def test_a_body_that_does_not_end_is_refused(cloud: Any, meet: Any) -> None:
    person = meet(cloud, h2=True)
    with pytest.raises(OSError):
        person.talk.send("POST", "/oauth2/v3/token", b"x" * (MAX_BODY + 1), {})
    assert meet(cloud).ask("/oauth2/v3/logout").status == 200


def test_goaway_comes_after_the_answer_or_in_its_place(owner: Any, cloud: Any, meet: Any) -> None:
    cloud.faults.start("goaway")
    person = meet(cloud, h2=True)
    person.tokens = owner.tokens
    assert person.ask("/api/1/products").status == 200
    with pytest.raises(OSError):
        person.talk.read_on()
    assert person.talk.gone
    cloud.faults.start("goaway", answered=False)
    other = meet(cloud, h2=True)
    other.tokens = owner.tokens
    with pytest.raises(OSError):
        other.ask("/api/1/products")
    assert owner.ask("/oauth2/v3/logout").status == 200


def test_stopping_ends_held_streams(start_cloud: Any, meet: Any, until: Any) -> None:
    cloud = start_cloud()
    person = meet(cloud, h2=True)
    person.login()
    cloud.faults.start("silent")
    person.talk.begin("GET", "/api/1/products", None, {})
    until(lambda: cloud.counters.snapshot()["in_flight"] == 1)
    cloud.stop()
    until(lambda: cloud.counters.snapshot()["in_flight"] == 0)
    until(lambda: not [one for one in threading.enumerate() if "simulator-stream" in one.name])
