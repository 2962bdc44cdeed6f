"""Contract 2.1: bodies of commands: how long, in which form, and what nobody honest sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import Exchange, post_in_pieces
from support.commander import SECRET, Commanded
from support.desk import HERE, Served

from proxy.routes import COMMANDS

INVALID = "Control Command Error: Invalid Request"
PATHS = [row.path for row in COMMANDS]
RESERVE = "/control/reserve"
FORM = f"token={SECRET}&value=20".encode()
MOST = 4096


@pytest.fixture
def served() -> Commanded:
    return Commanded()


def in_pieces(served: Served, *pieces: bytes, path: str = RESERVE, **more: Any) -> Exchange:
    return post_in_pieces(served.client.app, path, pieces, **more)


def filled(size: int) -> bytes:
    """A good command of some length."""
    return FORM + b"&filler=" + b"a" * (size - len(FORM) - 8)


# -- length ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_body_over_four_kilobytes_is_refused_before_it_is_read(
    served: Commanded, path: str
) -> None:
    answer = served.post(path, filled(MOST + 1))
    assert answer.status_code == 413
    assert answer.json["error"] == INVALID
    assert "4096" in answer.json["reason"]
    assert served.changes == []


def test_a_body_of_four_kilobytes_is_read(served: Commanded) -> None:
    assert served.post(RESERVE, filled(MOST)).status_code == 200
    whole = filled(MOST)
    assert in_pieces(served, whole[:100], whole[100:]).status == 200
    assert len(served.changes) == 2


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [1, 1000, 4096, 100_000])
def test_a_body_in_chunks_is_read_no_further_than_it_may_be_long(
    refusing: Commanded, path: str, size: int
) -> None:
    exchange = in_pieces(refusing, FORM, *([b"&" + b"a" * size] * 10_000), path=path)
    assert exchange.status == 413
    assert json.loads(exchange.body)["error"] == INVALID
    assert exchange.taken <= MOST / size + 2
    assert refusing.changes == []


def test_a_body_in_chunks_is_a_body(served: Commanded) -> None:
    exchange = in_pieces(served, *(bytes([byte]) for byte in FORM))
    assert exchange.status == 200
    assert served.changes == [{"reserve": 20.0}]


@pytest.mark.parametrize("path", PATHS)
def test_a_body_without_a_length_is_none(served: Commanded, path: str) -> None:
    answer = served.client.simulate_post(path, remote_addr=HERE)
    assert (answer.status_code, answer.json["error"]) == (400, INVALID)


@pytest.mark.parametrize("length", ["-1", "x", "1.0", "²", "", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(served: Commanded, length: str) -> None:
    scope_headers = {"Content-Length": length.encode("utf-8").decode("latin-1")}
    answer = served.client.simulate_post(RESERVE, headers=scope_headers, remote_addr=HERE)
    assert answer.status_code in (400, 413)
    assert "error" in answer.json


@pytest.mark.parametrize("pieces", [[FORM], [FORM, b"0"], [b"", FORM[:-1]]])
def test_half_a_command_is_not_obeyed(served: Commanded, pieces: list[bytes]) -> None:
    """The rest of value=2 may have been value=20."""
    assert in_pieces(served, *pieces, cut=True).status in (0, 400)
    assert served.changes == []


def test_a_body_shorter_than_its_length_is_not_obeyed(served: Commanded) -> None:
    exchange = in_pieces(served, FORM, cut=True, Content_Length=str(len(FORM) + 1))
    assert exchange.status in (0, 400)
    assert served.changes == []


# -- forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reserve"),
    [
        ("token={0}&value=20&value=30", 20.0),
        ("value=&token=&value=30&token={0}", 30.0),
        ("token={0}&value=2%30", 20.0),
        ("%74oken={0}&v%61lue=20", 20.0),
        ("&&token={0}&&value=20&", 20.0),
        ("token={0}&value=20;value=30", None),
        ("token={0}&value=20=", None),
        ("token={0}&value", "asks"),
        ("token={0}&=20", "asks"),
        ("token={0}&Value=20", "asks"),
    ],
)
def test_how_a_form_is_read(served: Commanded, body: str, reserve: Any) -> None:
    answer = served.post(RESERVE, body.format(SECRET))
    if reserve == "asks":
        assert (answer.status_code, answer.json) == (200, {"reserve": None})
    else:
        assert answer.status_code == (200 if reserve else 400)
    assert served.changes == ([{"reserve": reserve}] if isinstance(reserve, float) else [])


@pytest.mark.parametrize("path", PATHS)
def test_the_query_is_not_read(served: Commanded, path: str) -> None:
    answer = served.post(path, "", query_string=f"token={SECRET}&value=20")
    assert answer.status_code == 401
    assert served.changes == []


@pytest.mark.parametrize("kind", ["text/plain", "", "application/octet-stream", "x", "text/json"])
def test_whatever_is_not_called_json_is_a_form(served: Commanded, kind: str) -> None:
    answer = served.post(RESERVE, FORM, headers={"Content-Type": kind})
    assert answer.status_code == 200
    document = json.dumps({"token": SECRET, "value": 20})
    assert served.post(RESERVE, document, headers={"Content-Type": kind}).status_code == 401
    assert served.changes == [{"reserve": 20.0}]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"\xff", b"token=\xc3\x28", FORM + b"&x=\xe9"])
def test_a_body_that_is_not_utf_8_is_400(served: Commanded, path: str, body: bytes) -> None:
    answer = served.post(path, body)
    assert (answer.status_code, answer.json["error"]) == (400, INVALID)
    assert served.changes == []


# -- JSON -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.x+json"],
)
def test_the_content_type_says_what_is_json(served: Commanded, kind: str) -> None:
    body = json.dumps({"token": SECRET, "value": 20, "mode": "backup"})
    answer = served.post(RESERVE, body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert served.changes == [{"reserve": 20.0, "mode": "backup"}]


@pytest.mark.parametrize(
    ("path", "document", "changes"),
    [
        ("reserve", {"value": "20"}, {"reserve": 20.0}),
        ("reserve", {"value": 0}, {"reserve": 0.0}),
        ("reserve", {"value": 12.5, "for": 7200}, {"reserve": 12.5}),
        ("mode", {"value": "backup", "level": 30}, {"mode": "backup", "reserve": 30.0}),
        ("grid_charging", {"value": True}, {"grid_charging": True}),
        ("grid_charging", {"value": False}, {"grid_charging": False}),
        ("grid_charging", {"value": "false"}, {"grid_charging": False}),
        ("grid_export", {"value": "never", "more": {"of": "this"}}, {"grid_export": "never"}),
    ],
)
def test_values_of_json_are_what_they_are(
    served: Commanded, path: str, document: Any, changes: Any
) -> None:
    answer = served.json(f"/control/{path}", document)
    assert answer.status_code == 200
    assert served.changes == [changes]


@pytest.mark.parametrize(
    "value",
    [True, -1, 101, 1e300, 10**400, [20], {"value": 20}, "20 ", "\ud800", "²", "1e1", 1e-400],
)
def test_a_number_of_json_that_is_no_reserve_is_400(served: Commanded, value: Any) -> None:
    answer = served.json(RESERVE, {"value": value})
    assert answer.status_code == (200 if value == 0.0 else 400)
    assert served.changes == ([{"reserve": 0.0}] if value == 0.0 else [])


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_value_of_json_is_a_question(served: Commanded, value: Any) -> None:
    answer = served.json(RESERVE, {"value": value})
    assert (answer.status_code, answer.json) == (200, {"reserve": None})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"20",
        b"null",
        b'"value=20"',
        b'{"value": NaN}',
        b'{"value": -Infinity}',
        b'{"value": 20, "value": 30}',
        b'{"value": 20, "x": {"y": 1, "y": 2}}',
        b'{"token": 5}',
        b'{"token": ["x"]}',
        b"\xff",
        b'{"value": "\xff"}',
        b"[" * MOST,
        b'{"a":' * 800,
        b"9" * MOST,
        b"\xef\xbb\xbf{}",
        json.dumps({"value": 20}).encode("utf-16"),
    ],
)
def test_what_is_called_json_and_is_no_object_is_400(
    refusing: Commanded, path: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    answer = refusing.post(path, body, headers=headers)
    assert answer.status_code == 400
    assert answer.json["error"]
    assert refusing.changes == []


# -- anything -------------------------------------------------------------------------------

TYPES = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "", "\xff/json"])
WORDS = st.sampled_from(
    (
        *(b"token=", SECRET.encode(), b"&", b"value=", b"20", b"backup", b"mode", b"=", b"%"),
        *(b"%ff", b"{", b"}", b'"', b'"value"', b":", b",", b"1e999", b"\\ud800", b"[", b"\xff"),
        *(b"+", b"for=", b"2h", b"grid", b"confirm", b"reserve_app_pct", b"real_mode"),
        b"backup_reserve_percent",
    )
)
BODIES = st.binary(max_size=200) | st.lists(WORDS, max_size=30).map(b"".join)


ANYBODY = Commanded()


@pytest.mark.parametrize("path", PATHS)
@given(body=BODIES, kind=TYPES, shows=st.booleans())
def test_any_body_has_a_clear_answer_in_json(
    path: str, body: bytes, kind: str, *, shows: bool
) -> None:
    served = ANYBODY
    served.desk.throttle._tries.clear()  # or its wrong tokens have it rest
    served.commander.submitted.clear()
    more = {"Authorization": f"Bearer {SECRET}"} if shows else {}
    answer = served.post(path, body, headers={"Content-Type": kind} | more)
    assert answer.status_code in (200, 400, 401)
    assert ("error" in answer.json) is (answer.status_code != 200)
    assert bool(served.changes) <= (answer.status_code == 200)
    assert SECRET not in answer.text
    if not shows and SECRET.encode() not in body and b"%" not in body:
        assert served.changes == []


@pytest.mark.parametrize("path", PATHS)
@given(
    document=st.dictionaries(
        st.sampled_from(["value", "mode", "level", "for", "confirm", "grid", "reserve_app_pct"])
        | st.sampled_from(["real_mode", "backup_reserve_percent", "grid_charging", "grid_export"])
        | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner),
            max_leaves=3,
        )
        | st.sampled_from(["20", "backup", "true", "never", "2h", "off", "yes"]),
        max_size=4,
    )
)
def test_any_document_has_a_clear_answer_in_json(path: str, document: Any) -> None:
    served = ANYBODY
    body = json.dumps(document).encode()[:MOST]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    answer = served.post(path, body, headers=headers)
    assert answer.status_code in (200, 400)
    assert ("error" in answer.json) is (answer.status_code == 400)
