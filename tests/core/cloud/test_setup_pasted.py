"""What people paste when they connect an account."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pypowerwall_core.backends.cloud.choice import EnergySite
from pypowerwall_core.backends.cloud.pasted import (
    ACCESS,
    MOST,
    REFRESH,
    Code,
    Complaint,
    judge,
    judge_email,
    judge_last,
    judge_token,
    pick,
)

STATE = "s7aTe-of_this.login"
CODE = "NA_0123456789abcdef"
HOSTS = ("auth.tesla.com", "auth.tesla.cn", "127.0.0.1:8443")
ISSUER = "issuer=https%3A%2F%2Fauth.tesla.com%2Foauth2%2Fv3"
GOOD = f"tesla://auth/callback?code={CODE}&state={STATE}&{ISSUER}"
TO_OPEN = f"https://auth.tesla.com/oauth2/v3/authorize?state={STATE}&response_type=code"
SITES = (
    EnergySite(2252100000000101, "battery", "Home"),
    EnergySite(2252100000000202, "battery", "Cabin"),
    EnergySite(1556100000000303, "solar", ""),
)


def jwt(**claims: object) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    coded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*coded, "c2lnbmF0dXJl"])


ACCESS_TOKEN = jwt(aud=["https://owner-api.teslamotors.com/"], exp=2e9)
OLD_REFRESH_TOKEN = jwt(aud="https://auth.tesla.com/oauth2/v3/token", iat=1e9)
REFRESH_TOKEN = "NA_" + "a1b2" * 16


@pytest.mark.parametrize(
    "pasted",
    [
        GOOD,
        f"  {GOOD}\n",
        f'"{GOOD}"',
        f"'{GOOD}'.",
        f"<{GOOD}>",
        f"\x1b[200~{GOOD}\x1b[201~",
        f"\ufeff{GOOD}\u200b",
        GOOD.replace("&", "&amp;"),
        GOOD.replace("tesla://", "TESLA://"),
        f"Failed to launch '{GOOD}' because the scheme does not have a registered handler.",
        f"{TO_OPEN} then {GOOD}",
        "\n".join(GOOD[at : at + 30] for at in range(0, len(GOOD), 30)),
        f"the address: {GOOD}".replace("&", "&\n  "),
        f"code={CODE}&state={STATE}",
        f"state={STATE}&code={CODE}",
        f"auth/callback?code={CODE}&state={STATE}",
        f"?code={CODE}&state={STATE}",
        f"https://auth.tesla.com/void/callback?code={CODE}&state={STATE}",
        f"https://127.0.0.1:8443/void/callback?state={STATE}&code={CODE}",
    ],
)
def test_the_end_of_a_login_is_found_in_whatever_is_around_it(pasted: str) -> None:
    found = judge(pasted, STATE, HOSTS)
    assert isinstance(found, Code)
    assert found.code == CODE


def test_who_gave_the_code_is_told() -> None:
    found = judge(GOOD, STATE, HOSTS)
    assert isinstance(found, Code)
    assert found.issuer == "https://auth.tesla.com/oauth2/v3"
    assert CODE not in repr(found)


@pytest.mark.parametrize(
    ("pasted", "kind"),
    [
        ("", "empty"),
        ("  \n\t", "empty"),
        ("\x1b[200~\x1b[201~", "empty"),
        ("yes", "no address"),
        (CODE + "0" * 20, "code alone"),
        (TO_OPEN, "to open"),
        ("https://auth.tesla.com/en_us/login?code=1", "on the way"),
        ("https://www.tesla.com/teslaaccount", "on the way"),
        ("https://auth.tesla.com/void/callback", "no code"),
        ("tesla://auth/callback", "no code"),
        (f"tesla://auth/callback?state={STATE}", "no code"),
        (f"tesla://auth/callback?code={CODE}", "cut"),
        (GOOD[: GOOD.index(STATE) + 5], "cut"),
        (GOOD.replace(STATE, "of-yesterday"), "old"),
        (f"tesla://auth/callback?error=login_cancelled&state={STATE}", "cancelled"),
        ("tesla://auth/callback?error=login_cancelled", "cancelled"),
        (f"tesla://auth/callback?error=access_denied&state={STATE}", "refused"),
        (f"https://example.com/void/callback?code={CODE}&state={STATE}", "elsewhere"),
        (f"https://auth.tesla.com.example/void/callback?code={CODE}&state={STATE}", "elsewhere"),
        (f"http://auth.tesla.com/void/callback?code={CODE}&state={STATE}", "elsewhere"),
        (f"tesla://else/callback?code={CODE}&state={STATE}", "elsewhere"),
        (f"{GOOD}&code=another", "broken"),
        (GOOD.replace(CODE, "%00%0a"), "broken"),
        ("https://[::1/void/callback?code=1", "broken"),
        ("x" * (MOST + 1), "too long"),
    ],
)
def test_each_mistake_has_its_own_words(pasted: str, kind: str) -> None:
    found = judge(pasted, STATE, HOSTS)
    assert isinstance(found, Complaint)
    assert found.kind == kind
    assert found.says.endswith(".")


@settings(max_examples=50)
@given(st.integers(1, len(GOOD) - 1), st.integers(0, 3))
def test_an_address_in_two_pastes_is_put_together(cut: int, before: int) -> None:
    pasted = [*([TO_OPEN] * before), GOOD[:cut], GOOD[cut:]]
    found = judge_last(pasted, STATE, HOSTS)
    assert isinstance(found, Code)
    assert found.code == CODE


@settings(max_examples=50)
@given(st.lists(st.sampled_from([" ", "\n", "\r\n", "\t"]), max_size=8), st.randoms())
def test_line_breaks_anywhere_do_no_harm(breaks: list[str], chance: object) -> None:
    text = GOOD
    for one in breaks:
        at = chance.randrange(len(text) + 1)  # type: ignore[attr-defined]
        text = text[:at] + one + text[at:]
    found = judge(text, STATE, HOSTS)
    assert isinstance(found, Code)
    assert found.code == CODE


_SCRAPS = st.sampled_from(
    ["tesla://auth/callback", "https://auth.tesla.com/void/callback", "?", "&", "code=", "state=",
     "error=", CODE, "#", "[", "%", "=", "\x1b[", "\0", "é", "@", ":", "//"]
)  # fmt: skip


@settings(max_examples=80)
@given(st.lists(_SCRAPS | st.text(max_size=12), max_size=12).map("".join))
def test_nothing_is_a_code_that_does_not_belong_to_this_login(pasted: str) -> None:
    assert isinstance(judge(pasted, STATE, HOSTS), Complaint)


@settings(max_examples=40)
@given(st.text(alphabet="abcdefgh0123456789.:/?=&", min_size=12, max_size=80))
def test_no_complaint_repeats_what_was_pasted(pasted: str) -> None:
    for found in (
        judge(f"tesla://auth/callback?{pasted}", STATE, HOSTS),
        judge_token(f"{pasted} {pasted}!", ACCESS),
        judge_email(f"{pasted}@"),
        pick(pasted, SITES),
    ):
        assert isinstance(found, Complaint)
        assert pasted not in found.says


# -- tokens --------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [REFRESH_TOKEN, OLD_REFRESH_TOKEN])
@pytest.mark.parametrize(
    "around", ["{}", " {}\n", '"{}"', '"refresh_token": "{}",', "refresh_token={}", "{}\u200b"]
)
def test_a_refresh_token_is_found_in_what_is_around_it(token: str, around: str) -> None:
    assert judge_token(around.format(token), REFRESH) == token


@pytest.mark.parametrize("around", ["{}", "Bearer {}", '{{"access_token":"{}"}}', "'{}'"])
def test_an_access_token_is_found_in_what_is_around_it(around: str) -> None:
    assert judge_token(around.format(ACCESS_TOKEN), ACCESS) == ACCESS_TOKEN


@settings(max_examples=40)
@given(st.lists(st.integers(1, len(ACCESS_TOKEN) - 1), max_size=6))
def test_a_token_in_several_lines_is_put_together(cuts: list[int]) -> None:
    ends = [0, *sorted(set(cuts)), len(ACCESS_TOKEN)]
    lines = [ACCESS_TOKEN[begin:end] for begin, end in pairwise(ends)]
    assert judge_token("\r\n".join(lines), ACCESS) == ACCESS_TOKEN


@pytest.mark.parametrize(
    ("pasted", "kind", "complaint"),
    [
        (ACCESS_TOKEN, REFRESH, "swapped"),
        (REFRESH_TOKEN, ACCESS, "swapped"),
        (GOOD, REFRESH, "address"),
        ("https://example.com/", ACCESS, "address"),
        ("short", REFRESH, "no token"),
        ("x" * 30 + "ü", REFRESH, "no token"),
        ("x" * (MOST + 1), ACCESS, "too long"),
    ],
)
def test_what_is_no_such_token_is_told(pasted: str, kind: str, complaint: str) -> None:
    found = judge_token(pasted, kind)
    assert isinstance(found, Complaint)
    assert found.kind == complaint


@pytest.mark.parametrize("pasted", ["", " \n", '""', "refresh_token:"])
def test_no_token_at_all_is_nothing(pasted: str) -> None:
    assert judge_token(pasted, REFRESH) == ""


# -- e-mail addresses and sites ------------------------------------------------------------


@pytest.mark.parametrize("typed", ["me@example.com", " me@example.com ", "<me@example.com>"])
def test_an_email_address_is_taken(typed: str) -> None:
    assert judge_email(typed) == "me@example.com"


@pytest.mark.parametrize("typed", ["", "me", "me@", "@example.com", "me@a@b", "x" * 300 + "@b"])
def test_what_is_no_email_address_is_told(typed: str) -> None:
    assert isinstance(judge_email(typed), Complaint)


@pytest.mark.parametrize(
    ("typed", "site"),
    [("1", 0), (" 2 ", 1), ("2.", 1), ("(3)", 2), ("2252100000000202", 1), ("cabin", 1)],
)
def test_a_site_is_chosen_by_place_number_or_name(typed: str, site: int) -> None:
    assert pick(typed, SITES) == SITES[site]


@pytest.mark.parametrize("typed", ["", "0", "4", "-1", "1.5", "²", "Home Cabin", "9" * 5000])
def test_another_choice_is_refused(typed: str) -> None:
    assert isinstance(pick(typed, SITES), Complaint)


def test_a_name_that_two_sites_have_chooses_neither() -> None:
    twins = (EnergySite(1001, "battery", "Home"), EnergySite(1002, "battery", "Home"))
    assert isinstance(pick("Home", twins), Complaint)
