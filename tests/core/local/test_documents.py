"""Bytes that are JSON, and the many that only look like it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pypowerwall_core.backends.local.documents import ErrorInstead, any_json, json_object, one_line
from pypowerwall_core.errors import Unwell


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"{}", {}),
        (b' {"a": [1, 2.5, "x", null, true]}\r\n', {"a": [1, 2.5, "x", None, True]}),
        (b"null", None),
        (b"[]", []),
        (b'"text"', "text"),
        (b"-1e300", -1e300),
        ('{"name": "Föhr ☀"}'.encode(), {"name": "Föhr ☀"}),
        (b'{"error": "shown", "percentage": 50}', {"error": "shown", "percentage": 50}),
        (b'{"a": 12345678901234567890}', {"a": 12345678901234567890}),
    ],
)
def test_json_of_any_kind_is_a_document(body: bytes, document: Any) -> None:
    assert any_json(body) == document


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty body"),
        (b" \r\n\t", "empty body"),
        (b"<!doctype html><html></html>", "web page"),
        (b"  <html>", "web page"),
        (b'{"a": NaN}', "broken JSON"),
        (b"Infinity", "broken JSON"),
        (b'{"a": -Infinity}', "broken JSON"),
        (b'{"a": 1e999}', "broken JSON"),
        (b"[-1e400]", "broken JSON"),
        (b'{"a": 1', "broken JSON"),
        (b'{"a": 1}}', "broken JSON"),
        (b"404 page not found", "broken JSON"),
        (b"\xff\xfe\xfd", "broken JSON"),
        (b'{"a": "\xe4"}', "broken JSON"),
        (b"[" * 200_000, "broken JSON"),
        (b'{"a":' * 100_000, "broken JSON"),
        (b"1" * 5000, "broken JSON"),
        (b'{"a": -' + b"1" * 400 + b"}", "broken JSON"),
        (b"\x00", "broken JSON"),
    ],
)
def test_anything_else_is_unwell(body: bytes, says: str) -> None:
    with pytest.raises(Unwell, match=says):
        any_json(body)


def test_a_web_page_makes_one_doubt_the_address() -> None:
    with pytest.raises(Unwell) as info:
        any_json(b"<html>")
    assert "PW_HOST" in info.value.remedy


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error": "no"}', "no"),
        (b'{"code": 503, "error": "busy", "message": "still busy"}', "busy"),
        (b'{"message": "Token\\nExpired"}', "Token Expired"),
        (b'{"code": 7}', "7"),
        (b'{"error": null, "message": {"a": 1}}', "{'a': 1}"),
    ],
)
def test_an_error_in_the_clothes_of_a_success_is_unwell(body: bytes, says: str) -> None:
    with pytest.raises(ErrorInstead) as info:
        any_json(body)
    assert str(info.value) == "an error instead of data"
    assert str(info.value.quoting(str)) == f"an error instead of data: {says}"


@pytest.mark.parametrize(
    ("body", "kind"), [(b"null", "null"), (b"[]", "list"), (b"1", "int"), (b'"x"', "str")]
)
def test_only_an_object_is_an_object(body: bytes, kind: str) -> None:
    with pytest.raises(Unwell, match=f"^{kind} where an object belongs$"):
        json_object(body)


def test_the_gateways_words_never_fill_the_log() -> None:
    assert one_line("a\r\nb\x1b[31m\u2028" + "x" * 5000) == "a  b [31m " + "x" * 90


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary() | JSON.map(lambda document: json.dumps(document).encode()))
@example(b'"\xed\xa0\x80"')
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_a_printable_object_or_unwell(body: bytes) -> None:
    try:
        document = json_object(body)
    except Unwell as error:
        said, document = str(error), {}
    else:
        said = ""
    assert said.isprintable()
    assert isinstance(document, dict)
    json.dumps(document, allow_nan=False).encode()


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_what_is_finite_comes_back_as_it_went(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    if set(document) <= {"code", "error", "message"} and document:
        return
    try:
        got = any_json(body)
    except Unwell:
        assert b"NaN" in body or b"Infinity" in body
    else:
        assert got == document


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_kept_to_the_last_digit(number: float) -> None:
    got = any_json(json.dumps(number).encode())
    assert got == number
    assert math.copysign(1, got) == math.copysign(1, number)
