"""Who may command: the token, who has shown too many wrong ones, and web pages from elsewhere."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.commander import SECRET, Commanded

from proxy.control.throttle import ADDRESSES_MOST, REST_S, TRIES, WITHIN_S, Throttle, home_of
from proxy.routes import COMMANDS

PATHS = [row.path for row in COMMANDS]
RESERVE = "/control/reserve"
BEARER = {"Authorization": f"Bearer {SECRET}"}
FAR = "10.0.0.9"


@pytest.fixture
def served() -> Commanded:
    return Commanded()


def guess(served: Commanded, times: int, address: str = FAR) -> list[int]:
    return [
        served.post(RESERVE, f"token=guess{n}&value=20", remote_addr=address).status_code
        for n in range(times)
    ]


# -- the token ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("value=20", {}),
        ("value=20&token=", {}),
        (f"value=20&token={SECRET}x", {}),
        (f"value=20&token={SECRET[:-1]}", {}),
        (f"value=20&token={SECRET.upper()}", {}),
        (f"value=20&token=x&token={SECRET}", {}),
        ("value=20&token=%C3%BC", {}),
        ("value=20&token=%FF%00", {}),
        ("value=20&token=ü", {}),
        ("value=20", {"Authorization": f"Basic {SECRET}"}),
        ("value=20", {"Authorization": "Bearer"}),
        ("value=20", {"Authorization": SECRET}),
        ("value=20", {"Authorization": "Bearer \xff"}),
        ("value=20", {"X-Token": SECRET}),
        ("value=20", {"Cookie": f"token={SECRET}"}),
        ('{"value": 20, "token": "\\ud800"}', {"Content-Type": "application/json"}),
        ('{"value": 20, "token": ""}', {"Content-Type": "application/json"}),
    ],
)
def test_without_the_token_nothing_is_commanded(
    refusing: Commanded, path: str, body: str, headers: dict[str, str]
) -> None:
    answer = refusing.post(path, body, headers=headers)
    assert answer.status_code == 401
    assert answer.json["unauthorized"] == "Control Command Token Invalid"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert refusing.changes == []
    stats = refusing.get("/stats").json
    assert (stats["posts"], stats["errors"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (f"value=20&token={SECRET}", {}),
        ("value=20", BEARER),
        ("value=20", {"Authorization": f"bearer  {SECRET} "}),
        ("value=20&token=other", BEARER),
        (f'{{"value": 20, "token": "{SECRET}"}}', {"Content-Type": "application/json"}),
    ],
)
def test_with_the_token_it_is(served: Commanded, body: str, headers: dict[str, str]) -> None:
    assert served.post(RESERVE, body, headers=headers).status_code == 200
    assert served.changes == [{"reserve": 20.0}]


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("grün", "gr%C3%BCn"), ("grün", "grün"), ("a b+c&d", "a+b%2Bc%26d"), ("\udcff", "%ff")],
)
def test_a_secret_may_be_made_of_any_bytes(secret: str, shown: str) -> None:
    served = Commanded(PW_CONTROL_SECRET=secret)
    assert served.post(RESERVE, f"token={shown}&value=20").status_code == 200
    assert served.post(RESERVE, "token=x&value=20").status_code == 401


def test_a_secret_of_any_letters_may_be_written_in_json() -> None:
    served = Commanded(PW_CONTROL_SECRET="grün")
    body = json.dumps({"token": "grün", "value": 20})
    headers = {"Content-Type": "application/json"}
    assert served.post(RESERVE, body, headers=headers).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_commands_need_the_control_token_and_no_other(path: str) -> None:
    served = Commanded(PW_READ_TOKEN="r3ad")
    assert (
        served.post(path, "value=20", headers={"Authorization": "Bearer r3ad"}).status_code == 401
    )
    assert served.post(path, "value=20", headers=BEARER).status_code in (200, 400)


@pytest.mark.parametrize("path", PATHS)
def test_the_control_token_opens_no_read(path: str) -> None:
    served = Commanded(PW_READ_TOKEN="r3ad")
    assert served.get(path, headers=BEARER).status_code == 401
    assert served.get(path, headers={"Authorization": "Bearer r3ad"}).status_code == 200


def test_the_token_is_never_logged(served: Commanded, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    guess(served, TRIES + 1)
    served.form(RESERVE, value="20")
    assert "guess" not in caplog.text
    assert SECRET not in caplog.text


# -- too many -------------------------------------------------------------------------------


def test_ten_wrong_tokens_within_a_minute_rest_an_address_for_a_minute(
    served: Commanded, caplog: pytest.LogCaptureFixture
) -> None:
    assert guess(served, TRIES) == [401] * TRIES
    answer = served.post(RESERVE, f"token={SECRET}&value=20", remote_addr=FAR)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"
    assert answer.json["error"].startswith("Control Command Error")
    assert guess(served, 5) == [429] * 5
    assert len(caplog.records) == 1
    assert FAR in caplog.text
    served.world.run(REST_S - 1)
    again = served.post(RESERVE, f"token={SECRET}&value=20", remote_addr=FAR)
    assert (again.status_code, again.headers["retry-after"]) == (429, "1")
    served.world.run(1)
    assert served.post(RESERVE, f"token={SECRET}&value=20", remote_addr=FAR).status_code == 200


def test_a_rest_is_of_one_address(served: Commanded) -> None:
    guess(served, TRIES)
    assert served.post(RESERVE, f"token={SECRET}&value=20").status_code == 200
    assert guess(served, 1, "10.0.0.10") == [401]


def test_wrong_tokens_that_come_slowly_are_mistakes(served: Commanded) -> None:
    for _ in range(3 * TRIES):
        assert guess(served, 1) == [401]
        served.world.run(WITHIN_S / (TRIES - 1) + 0.1)


@pytest.mark.parametrize("body", ["value=20", "value=20&token="])
def test_who_shows_no_token_does_not_guess(served: Commanded, body: str) -> None:
    answers = [served.post(RESERVE, body, remote_addr=FAR).status_code for _ in range(3 * TRIES)]
    assert set(answers) == {401}


def test_an_address_at_rest_is_refused_before_its_body_is_read(served: Commanded) -> None:
    guess(served, TRIES)
    assert served.post(RESERVE, b"\xff" * 9000, remote_addr=FAR).status_code == 429


def test_an_address_at_rest_may_read(served: Commanded) -> None:
    guess(served, TRIES)
    for path in ("/soe", RESERVE, "/api/v1/commands", "/stats"):
        assert served.client.simulate_get(path, remote_addr=FAR).status_code == 200


@pytest.mark.parametrize("path", ["/stats/clear", "/health/reset", "/api/v1/commands"])
def test_guessing_by_reads_counts_as_well(served: Commanded, path: str) -> None:
    def ask(token: str) -> int:
        answer = served.client.simulate_get(
            path, query_string=f"token={token}", remote_addr=FAR, headers={"Authorization": "x"}
        )
        return int(answer.status_code)

    assert {ask(f"guess{n}") for n in range(TRIES)} <= {200, 403}
    assert ask(SECRET) == 429
    assert guess(served, 1) == [429]
    served.world.run(REST_S)
    assert ask(SECRET) == 200


def test_who_has_to_show_the_read_token_guesses_nothing() -> None:
    served = Commanded(PW_READ_TOKEN="r3ad")
    for _ in range(3 * TRIES):
        answer = served.client.simulate_get(
            "/api/v1/commands", headers={"Authorization": "Bearer r3ad"}, remote_addr=FAR
        )
        assert answer.status_code == 200


def test_one_secret_for_both_is_both() -> None:
    served = Commanded(PW_READ_TOKEN=SECRET)
    assert served.form(RESERVE, value="20").status_code == 200


# -- the throttle itself --------------------------------------------------------------------


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    throttle = Throttle()
    for n in range(TRIES):
        throttle.wrong("first", n)
    for n in range(3 * ADDRESSES_MOST):
        throttle.wrong(f"address {n}", 20.0)
        assert len(throttle) <= ADDRESSES_MOST
    assert throttle.rests_for_s("first", 20.0) > 0, "forgotten before those who do not rest"


def test_when_all_rest_the_first_is_forgotten() -> None:
    throttle = Throttle()
    for address in range(ADDRESSES_MOST + 1):
        for _ in range(TRIES):
            throttle.wrong(str(address), 0.0)
    assert len(throttle) == ADDRESSES_MOST
    assert throttle.rests_for_s(str(ADDRESSES_MOST), 1.0) > 0


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from("ab")), max_size=80))
def test_nobody_has_more_than_ten_tries_in_a_minute(tries: list[tuple[float, str]]) -> None:
    throttle, now_s, taken = Throttle(), 0.0, {"a": [], "b": []}  # type: ignore[var-annotated]
    for after_s, address in tries:
        now_s += after_s
        if throttle.rests_for_s(address, now_s) == 0:
            throttle.wrong(address, now_s)
            taken[address].append(now_s)
    for times in taken.values():
        assert all(
            late - early >= WITHIN_S for early, late in zip(times, times[TRIES:], strict=False)
        )


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("10.0.0.9", "10.0.0.9"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "somebody without an address"),
        ("unix", "unix"),
    ],
)
def test_a_home_is_one_address(address: str, home: str) -> None:
    assert home_of(address) == home


# -- web pages from elsewhere ---------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", ["content-type", "authorization", "idempotency-key"])
def test_a_page_from_elsewhere_may_not_send_json_or_a_bearer(
    served: Commanded, path: str, headers: str
) -> None:
    """Browsers ask first, and are not told that they may."""
    asked = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": headers,
    }
    answer = served.client.simulate_options(path, headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "powerwall"])
def test_a_form_from_elsewhere_needs_the_token(served: Commanded, path: str, host: str) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer: Any = served.post(path, "value=20&reserve_app_pct=20", headers=headers, host=host)
    assert answer.status_code == 401
    assert served.changes == []
