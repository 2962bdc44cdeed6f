"""How a gateway writes."""

import pytest

from simulator.wire import Answer, boot_stamp, go_duration, head, render, stamp, zone_name


def test_whole_numbers_lose_their_point() -> None:
    document = {"a": 1.0, "b": [2.5, (3.0, None)], "c": {"d": True}}
    assert render(document) == b'{"a":1,"b":[2.5,[3,null]],"c":{"d":true}}'


def test_minus_zero_keeps_its_sign_and_text_its_digits() -> None:
    document = {"a": -0.0, "b": [-0.0, 0.0, -0.05, 1e-15], "c": "x,-0.0,y"}
    assert render(document) == b'{"a":-0,"b":[-0,0,-0.05,1e-15],"c":"x,-0.0,y"}'


@pytest.mark.parametrize(
    ("at_s", "offset_s", "text"),
    [
        (0.0, 0, "1970-01-01T00:00:00+00:00"),
        (0.25, -7 * 3600, "1969-12-31T17:00:00.25-07:00"),
        (1.5, 19_800, "1970-01-01T05:30:01.5+05:30"),
    ],
)
def test_times_carry_the_sites_offset(at_s: float, offset_s: int, text: str) -> None:
    assert stamp(at_s, offset_s) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0h0m0s"), (59.5, "0h0m59.5s"), (360_061.0, "100h1m1s"), (10.0, "0h0m10s")],
)
def test_hours_never_become_days(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_a_boot_is_told_in_the_factorys_zone() -> None:
    assert boot_stamp(0.9) == "1970-01-01 08:00:00 +0800"


@pytest.mark.parametrize(
    ("offset_s", "name"),
    [
        (-7 * 3600, "America/Los_Angeles"),
        (0, "UTC"),
        (3600, "Etc/GMT-1"),
        (-10_800, "Etc/GMT+3"),
    ],
)
def test_zones_are_named(offset_s: int, name: str) -> None:
    assert zone_name(offset_s, "America/Los_Angeles", (-7, -8)) == name


def test_a_head_without_a_body_has_no_type_and_204_no_length() -> None:
    assert head(Answer(502), 0.0).endswith(b"\r\ncontent-length: 0\r\n\r\n")
    assert b"\r\ncontent-type:" not in head(Answer(502), 0.0)
    assert b"content-length" not in head(Answer(204), 0.0)
