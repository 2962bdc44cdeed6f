"""Connecting a Tesla account, over real TLS with a simulated cloud."""

from __future__ import annotations

import argparse
import io
import json
import logging
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.cloudlogin import Home, environ, full_disk, stored
from support.served import POWERWALL, environment, until
from support.terminal import Terminal

from pypowerwall_core.cli import setup
from pypowerwall_core.cli.onboarding import Wish
from pypowerwall_core.cli.person import NobodyThere, TypingPerson
from pypowerwall_core.errors import BadSetting
from simulator.cloud import CloudSimulator

TOKEN, PRODUCTS = "/oauth2/v3/token", "/api/1/products"
EIGHT_HOURS_S = 28_800


@pytest.fixture(scope="module")
def two() -> Iterator[CloudSimulator]:
    with CloudSimulator(frozen=True, sites="two") as cloud:
        yield cloud


HEADLESS = Wish("simulated@example.com", headless=True)
FILES = [".pypowerwall.auth", ".pypowerwall.site"]


# -- the login of a person -----------------------------------------------------------------


def test_a_login_stores_tokens_and_site_and_shows_what_the_home_does(home: Home) -> None:
    said = home.connect(home.cloud.email, home.browser, wish=Wish())
    account = stored(home.folder)[home.cloud.email]
    assert account["url"] == f"{home.cloud.sso_url}/"
    assert account["sso"]["expires_at"] - time.time() == pytest.approx(EIGHT_HOURS_S, abs=60)
    assert home.site == f"{home.cloud.site_id}"
    assert home.files == FILES
    for name in FILES:
        assert stat.S_IMODE((home.folder / "auth" / name).stat().st_mode) == 0o600
    assert "one site, which is taken" in said
    assert "Now: solar " in said
    assert "Done: stored in" in said


def test_all_of_a_login_is_asked_for_by_http2_once(home: Home) -> None:
    home.connect(home.browser)
    calls = home.cloud.counters.snapshot()
    asked = {path: count for path, count in calls["requests"].items() if "authorize" not in path}
    assert asked.pop(TOKEN) == 1
    assert asked.pop(PRODUCTS) == 1
    assert list(asked.values()) == [1]
    assert calls["http"]["HTTP/2"] == 3
    assert calls["tls"].keys() == {"TLSv1.3"}


def test_nothing_secret_is_said_or_logged(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pypowerwall_core")
    said = home.connect("not this", home.browser)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("pypowerwall_core")]
    secrets = [*home.tokens, *home.browser.codes]
    assert len(secrets) == 4
    assert not [secret for secret in secrets if secret in said + "".join(ours)]


def test_wrong_pastes_are_told_and_asked_again(home: Home) -> None:
    said = home.connect(
        "rubbish",
        lambda said: next(line for line in said.split("\n") if line.startswith("https://")),
        "tesla://auth/callback?error=login_cancelled",
        lambda said: home.browser(said).replace("state=", "state=x"),
        lambda said: home.browser(said)[:90],
        home.browser,
    )
    for words in ("no address", "address to open", "cancelled", "another attempt", "cut off"):
        assert words in said
    assert home.files == FILES


def test_a_code_that_was_used_gets_a_new_address(home: Home) -> None:
    def used(said: str) -> str:
        return home.browser(said).replace("code=", "code=NA_used")

    said = home.connect(used, home.browser)
    assert "does not take this code" in said
    assert said.count("code_challenge=") == 2


def test_tesla_is_left_alone_after_three_refused_codes(home: Home) -> None:
    def used(said: str) -> str:
        return home.browser(said).replace("code=", "code=NA_used")

    assert "3 codes in a row" in f"{home.fail(used, used, used, used)}"
    assert home.cloud.counters.snapshot()["requests"][TOKEN] == 3
    assert home.files == []


def test_of_two_sites_one_is_chosen(two: CloudSimulator, tmp_path: Path) -> None:
    home = Home(two, tmp_path)
    said = home.connect(home.browser, "3", "2")
    assert "The account has 2 sites" in said
    assert "no such site" in said
    assert home.site == f"{two.sites[1].identity.site_id}"
    # What was chosen is offered the next time.
    assert "Which one? [2]" in home.connect(home.browser, "")
    assert home.site == f"{two.sites[1].identity.site_id}"


def test_a_site_may_be_named_with_the_command(two: CloudSimulator, tmp_path: Path) -> None:
    home = Home(two, tmp_path)
    number = f"{two.sites[1].identity.site_id}"
    for site in ("2", number, "cabin"):
        home.connect(home.browser, wish=Wish(two.email, site=site))
        assert home.site == number
    assert "no such site" in f"{home.fail(home.browser, wish=Wish(two.email, site='3'))}"


def test_a_site_that_settings_name_is_offered_and_a_conflict_told(
    two: CloudSimulator, tmp_path: Path
) -> None:
    home = Home(two, tmp_path)
    said = home.connect(home.browser, "1", PW_SITEID=f"{two.sites[1].identity.site_id}")
    assert "Which one? [2]" in said
    assert "PW_SITEID is" in said


def test_an_account_without_sites_is_told_and_the_tokens_are_kept(home: Home) -> None:
    home.cloud.faults.start("missing", path=PRODUCTS, fields="energy_site_id")
    error = home.fail(home.browser)
    assert "neither a Powerwall nor a solar system" in f"{error}"
    assert home.files == [".pypowerwall.auth"]


def test_tesla_knows_better_whose_login_it_was(home: Home) -> None:
    said = home.connect(home.browser, wish=Wish("somebody@example.com"))
    assert "Tesla logged in simulated@example.com" in said
    assert list(stored(home.folder)) == ["simulated@example.com"]


def test_other_accounts_stay_and_the_settings_that_choose_are_named(home: Home) -> None:
    auth = home.folder / "auth"
    auth.mkdir()
    other = {"url": "https://auth.tesla.com/", "sso": {"refresh_token": "other"}}
    (auth / ".pypowerwall.auth").write_text(json.dumps({"other@example.com": other}), "utf-8")
    said = home.connect(home.browser)
    assert stored(home.folder)["other@example.com"] == other
    assert "Set PW_EMAIL to simulated@example.com" in said


# -- failures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [
        ("fingerprint", {}, "login refuses this machine"),
        ("limited", {"path": TOKEN, "retry_after": 90}, "alone for 1 min 30 s"),
        ("failing", {"path": TOKEN}, "not well: HTTP 503"),
        ("html", {"path": TOKEN}, "not well"),
        ("null", {"path": TOKEN}, "not well"),
        ("reset", {"path": TOKEN}, "disconnected"),
    ],
)
def test_a_login_that_fails_stores_nothing(
    home: Home, fault: str, options: dict[str, object], words: str
) -> None:
    home.cloud.faults.start(fault, **options)  # type: ignore[arg-type]
    error = home.fail(home.browser)
    assert words in f"{error}"
    assert error.remedy
    assert home.files == []
    assert home.cloud.counters.snapshot()["requests"][TOKEN] == 1


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [
        ("forbidden", {}, "refuses the token of this account (HTTP 403)"),
        ("forbidden", {"form": "html"}, "refuses the token of this account (HTTP 403)"),
        ("limited", {"retry_after": 45}, "alone for 45 s"),
        ("limited", {"form": "body"}, "Retry in 30 seconds"),
        ("unauthorized", {}, "does not take the token (HTTP 401)"),
        ("failing", {}, "not well: HTTP 503"),
    ],
)
def test_data_that_is_refused_is_told_and_not_asked_for_again(
    home: Home, fault: str, options: dict[str, object], words: str
) -> None:
    home.cloud.faults.start(fault, **options)  # type: ignore[arg-type]
    error = home.fail(home.browser)
    assert f"{error}".startswith("the tokens are stored in ")
    assert words in f"{error}"
    assert error.remedy
    assert home.files == [".pypowerwall.auth"]
    assert home.cloud.counters.snapshot()["requests"][PRODUCTS] == 1


@pytest.mark.parametrize("fault", ["refusing", "certificate", "tls_abort", "tls_stall"])
def test_nobody_logs_in_for_nothing(home: Home, fault: str) -> None:
    home.cloud.faults.start(fault)
    error = home.fail(PW_TIMEOUT="0.2")
    assert "cannot be reached" in f"{error}"
    assert "Nobody was logged in" in f"{error}"
    assert error.remedy
    assert home.person.said == ""


def test_a_name_that_nobody_knows_is_told(home: Home) -> None:
    error = home.fail(PW_CLOUD_SSO_URL="https://tesla.invalid")
    assert "its name cannot be resolved" in f"{error}"


@pytest.mark.parametrize("written", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_told(home: Home, written: str | None) -> None:
    file = home.folder / "other.pem"
    if written is not None:
        file.write_text(written, "ascii")
    error = home.fail(PW_CLOUD_CA=str(file))
    assert isinstance(error, BadSetting)
    assert f"{error}".startswith("PW_CLOUD_CA: ")


def test_a_folder_that_cannot_be_written_is_told_before_the_login(home: Home) -> None:
    error = home.fail(home.browser, PW_AUTH_PATH="/proc/self")
    assert isinstance(error, BadSetting)
    assert "Nobody was logged in" in f"{error}"
    assert home.cloud.counters.snapshot()["total"] == 0


def test_a_disk_that_is_full_by_then_leaves_the_tokens_of_before(
    home: Home, stack: ExitStack
) -> None:
    home.connect(home.browser)
    before = home.file.read_bytes()

    def filling(said: str) -> str:
        ended = home.browser(said)
        stack.enter_context(full_disk())
        return ended

    error = home.fail(filling)
    stack.close()
    assert "the login worked, but" in f"{error}"
    assert home.file.read_bytes() == before
    assert home.files == FILES


def test_who_has_nothing_more_to_say_changes_nothing(home: Home) -> None:
    for answers in ((), ("rubbish",), ("rubbish", "")):
        assert isinstance(home.fail(*answers), NobodyThere)
    assert home.files == []


def test_endless_rubbish_ends(home: Home) -> None:
    assert "was pasted" in f"{home.fail(*['y'] * 100)}"


# -- tokens of another login ---------------------------------------------------------------


@pytest.fixture
def elsewhere(home: Home) -> tuple[str, str]:
    """Make a login somewhere else: its refresh token and its access token."""
    folder = home.folder / "elsewhere"
    home.cloud.write_auth(folder)
    document = json.loads((folder / ".pypowerwall.auth").read_text("utf-8"))
    sso = document[home.cloud.email]["sso"]
    return sso["refresh_token"], sso["access_token"]


def test_pasted_tokens_are_proven_and_stored_without_a_refresh(
    home: Home, elsewhere: tuple[str, str]
) -> None:
    refresh, access = elsewhere
    said = home.connect(refresh, access, wish=HEADLESS)
    assert home.tokens == [access, refresh]
    assert home.site == f"{home.cloud.site_id}"
    assert home.cloud.counters.snapshot()["refreshes"] == 0
    assert home.person.unseen == [refresh, access]
    assert refresh not in said
    assert access not in said
    ends_s = stored(home.folder)[home.cloud.email]["sso"]["expires_at"]
    assert ends_s - time.time() == pytest.approx(EIGHT_HOURS_S, abs=60)


def test_a_refresh_token_alone_is_refreshed_and_the_new_one_stored(
    home: Home, elsewhere: tuple[str, str]
) -> None:
    refresh, access = elsewhere
    home.connect(refresh, "", wish=HEADLESS)
    assert home.cloud.counters.snapshot()["refreshes"] == 1
    assert not {refresh, access} & set(home.tokens)
    assert home.check().works


def test_an_access_token_that_is_over_is_replaced(home: Home, elsewhere: tuple[str, str]) -> None:
    home.cloud.expire_sessions()
    said = home.connect(*elsewhere, wish=HEADLESS)
    assert "does not take this access token any more" in said
    assert home.cloud.counters.snapshot()["refreshes"] == 1
    assert home.files == FILES


def test_mistaken_tokens_are_asked_for_again(home: Home, elsewhere: tuple[str, str]) -> None:
    refresh, access = elsewhere
    said = home.connect(
        "", access, "https://example.com", refresh, refresh, f'"{access}"', wish=HEADLESS
    )
    for words in ("Nothing was pasted", "That is an access token", "That is an address"):
        assert words in said
    assert "no access token" in said
    assert home.tokens == [access, refresh]


def test_a_refresh_token_that_nobody_takes_is_told(home: Home) -> None:
    error = home.fail("NA_" + "0" * 64, "", wish=HEADLESS)
    assert "does not take this refresh token" in f"{error}"
    assert "0000" not in f"{error}"
    assert home.files == []


def test_tokens_that_the_data_server_forbids_replace_nothing(
    home: Home, elsewhere: tuple[str, str]
) -> None:
    home.connect(home.browser)
    before = stored(home.folder)
    home.cloud.faults.start("forbidden")
    error = home.fail(*elsewhere, wish=HEADLESS)
    assert f"{error}".startswith("nothing was stored: ")
    assert "Do not try again at once" in error.remedy
    assert stored(home.folder) == before
    assert home.cloud.counters.snapshot()["refreshes"] == 0


# -- as a person starts it -----------------------------------------------------------------


def run(folder: Path, cloud: CloudSimulator, *typed: str, told: str = "") -> tuple[int, str, str]:
    ended = subprocess.run(  # noqa: S603 - the command under test
        (*POWERWALL, "setup", *typed),
        env=environment(folder, environ(cloud, folder)),
        input=told,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_person_at_a_terminal_logs_in_and_nothing_secret_is_shown(home: Home) -> None:
    settings = environment(home.folder, environ(home.cloud, home.folder))
    with Terminal((*POWERWALL, "setup", "-debug"), settings) as terminal:
        terminal.await_text("account: ")
        terminal.type(f"{home.cloud.email}\n")
        terminal.await_text("not shown): ")
        pid = terminal._process.pid
        command_line = Path(f"/proc/{pid}/cmdline").read_text("utf-8")
        ended = home.browser(terminal.shown.replace("\r", ""))
        terminal.type(f"{ended[:70]}\n{ended[70:]}\n")
        assert terminal.end() == 0
    assert "Done: stored in" in terminal.shown
    for secret in (*home.tokens, *home.browser.codes):
        assert secret not in terminal.shown + command_line


def test_long_tokens_survive_a_terminal(home: Home) -> None:
    settings = environment(home.folder, environ(home.cloud, home.folder))
    long = "NA_" + "a" * 6000
    with Terminal((*POWERWALL, "setup", "-headless", "-email", "a@b.c"), settings) as terminal:
        terminal.await_text("Refresh token: ")
        terminal.type(f"{long}\n")
        terminal.await_text("or nothing: ")
        terminal.type("\n")
        assert terminal.end() == 1
    assert "does not take this refresh token" in terminal.shown
    assert "aaaa" not in terminal.shown


def test_ctrl_c_at_a_question_ends_with_130_and_nothing_stored(home: Home) -> None:
    settings = environment(home.folder, environ(home.cloud, home.folder))
    with Terminal((*POWERWALL, "setup", "-email", "a@b.c"), settings) as terminal:
        terminal.await_text("not shown): ")
        terminal.interrupt()
        assert terminal.end() == 130
    assert "Traceback" not in terminal.shown
    assert home.files == []


def test_a_check_on_a_pipe_masks_the_address_and_tells_by_its_exit_code(home: Home) -> None:
    home.connect(home.browser)
    code, out, err = run(home.folder, home.cloud, "--check", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["works"] is True
    assert home.cloud.email not in out
    assert not [token for token in home.tokens if token in out]


def test_tokens_may_be_piped_in(home: Home, elsewhere: tuple[str, str]) -> None:
    typed = ("-headless", "-email", home.cloud.email)
    code, out, err = run(home.folder, home.cloud, *typed, told="\n".join(elsewhere) + "\n")
    assert (code, err) == (0, "")
    assert not [token for token in elsewhere if token in out]
    assert home.tokens == [elsewhere[1], elsewhere[0]]


def test_an_input_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for question in (TypingPerson().ask, TypingPerson().ask_unseen):
        monkeypatch.setattr(sys, "stdin", io.StringIO("first\r\n"))
        assert question("? ") == "first"
        with pytest.raises(NobodyThere):
            question("? ")


@pytest.mark.parametrize(
    "typed", [["-json"], ["-check", "-headless"], ["-check", "-site", "1"], ["-fleetapi"]]
)
def test_options_that_do_not_go_together_are_refused(typed: list[str]) -> None:
    parser = argparse.ArgumentParser()
    setup.add_arguments(parser)
    with pytest.raises(BadSetting):
        setup.run(parser.parse_args(typed))


_WRITER = """
import sys
from pathlib import Path
from pypowerwall_core.backends.cloud.files import TokenFile
tokens = TokenFile(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for letter in "ab":
        tokens.save("me@example.com", {"sso": {"refresh_token": letter * 100_000}})
"""


def test_a_kill_during_the_write_leaves_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / ".pypowerwall.auth"
    for after_s in (0.0, 0.003, 0.011):
        command = (sys.executable, "-c", _WRITER, str(tmp_path))
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - ours
        assert writer.stdout is not None
        writer.stdout.readline()
        until(file.exists)
        time.sleep(after_s)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        token = json.loads(file.read_text("utf-8"))["me@example.com"]["sso"]["refresh_token"]
        assert token in ("a" * 100_000, "b" * 100_000)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
