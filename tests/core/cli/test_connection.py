"""Options of the connection: which road is taken, and what is refused before anything is sent."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pypowerwall_core.cli.connection import (
    FLAGS,
    NOT_SERVED,
    add_options,
    flags_of,
    open_home,
    settings_of,
)
from pypowerwall_core.cli.direct import Direct
from pypowerwall_core.cli.main import main
from pypowerwall_core.cli.proxied import Proxied
from pypowerwall_core.debug import SECRETS
from pypowerwall_core.errors import BadCommand, BadSetting
from pypowerwall_core.settings.gateway import GatewaySettings, read_gateway
from pypowerwall_core.settings.tokens import Tokens, read_tokens

Captured = pytest.CaptureFixture[str]
NOBODY = "127.0.0.1:9"
"""Port of the discard protocol: nobody listens."""
LOG = logging.getLogger("pypowerwall_core")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the tester's own settings; and without a log, when all is over."""
    for name in (
        *(setting for setting, *_ in FLAGS.values()),
        "PW_CACHE_FILE",
        "REQUESTS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    handlers = LOG.handlers[:]
    yield
    LOG.handlers = handlers


def parsed(*typed: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(typed)


# -- options --------------------------------------------------------------------------------


@pytest.mark.parametrize("dash", ["-", "--"])
@pytest.mark.parametrize("name", FLAGS)
def test_each_option_has_one_dash_or_two_and_stands_for_a_setting(name: str, dash: str) -> None:
    flags = flags_of(parsed(f"{dash}{name}", "a value"))
    assert flags.pop(FLAGS[name][0]) == "a value"
    assert set(flags.values()) == {""}


def test_what_is_typed_wins_over_the_environment(tmp_path: Path) -> None:
    environ = {"PW_HOST": "10.0.0.1", "PW_PASSWORD": "abcde", "PW_AUTH_PATH": "/elsewhere"}
    typed = parsed("-host", "10.0.0.2", "-authpath", str(tmp_path))
    settings = settings_of(typed, environ)
    assert str(settings.host) == "10.0.0.2"
    assert settings.session_file == tmp_path / ".powerwall"
    assert settings.secrets == ("abcde",)


def test_a_file_of_settings_is_read(tmp_path: Path) -> None:
    file = tmp_path / "powerwall.toml"
    file.write_text('host = "10.0.0.3"\nport = 8675\n')
    assert str(settings_of(parsed("-config", str(file)), {}).host) == "10.0.0.3"


@pytest.mark.parametrize("command", [["get"], ["set", "-reserve", "20"]])
@pytest.mark.parametrize("road", [[], ["-proxy", f"http://{NOBODY}"]])
@pytest.mark.parametrize("way", NOT_SERVED)
def test_ways_that_are_not_served_are_refused(
    way: str, road: list[str], command: list[str], capsys: Captured
) -> None:
    assert main([*command, f"-{way}", *road]) == 2
    told = capsys.readouterr()
    assert told == ("", f"powerwall: -{way}: not served; -local asks the gateway, -cloud Tesla\n")


def test_two_ways_at_once_are_wrong_usage(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["get", "-local", "-cloud"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("other", [["-host", NOBODY], ["-local"], ["-cloud"]])
def test_a_proxy_and_a_gateway_at_once_are_refused(other: list[str], capsys: Captured) -> None:
    assert main(["get", "-proxy", f"http://{NOBODY}", *other]) == 2
    assert f"{other[0]}: is another way than -proxy; give one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ([], "PW_HOST: no gateway is named; give -host or -proxy, and see `powerwall scan`"),
        (["-host", "a b"], "--host: 'a b' is not HOST, HOST:PORT or [IPv6]:PORT"),
        (["-host", NOBODY, "-timeout", "x"], "--timeout: 'x' is not a number of seconds"),
        (["-config", "/nowhere"], "--config: '/nowhere' cannot be read: No such file"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    typed: list[str], says: str, capsys: Captured
) -> None:
    assert main(["get", *typed]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"powerwall: {says}")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("name", ["gw_pwd", "rsa_key_path"])
def test_options_of_other_ways_are_told_to_have_no_effect(name: str, capsys: Captured) -> None:
    settings_of(parsed("-host", NOBODY, f"-{name}", "the secret"))
    assert capsys.readouterr().err == f"powerwall: -{name} has no effect: TEDAPI is not served\n"


def test_the_roads_are_told_apart() -> None:
    by_proxy = open_home(parsed("-proxy", NOBODY))
    assert isinstance(by_proxy, Proxied)
    assert (by_proxy.mode, by_proxy.keeper) == ("proxy", None)


# -- what scripts rely on -------------------------------------------------------------------


@pytest.mark.parametrize("option", ["-mode", "--mode"])
def test_the_old_mode_of_get_is_taken_and_means_nothing(option: str, capsys: Captured) -> None:
    assert main(["get", option, "Local"]) == 2  # no gateway; it was understood
    assert "no gateway is named" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["-debug"], ["-authpath", "auth"]])
def test_version_is_printed_whatever_scripts_add(more: list[str], capsys: Captured) -> None:
    assert main(["version", *more]) == 0
    assert capsys.readouterr().out.startswith("powerwall-proxy ")


def test_no_command_at_all_prints_how_to_on_the_standard_error(capsys: Captured) -> None:
    assert main([]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "change mode, reserve, grid charging or grid export" in told.err


@pytest.mark.parametrize("typed", [["get", "extra"], ["get", "-format"], ["version", "-x"], ["ge"]])
def test_what_is_no_option_is_wrong_usage(typed: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


# -- one at a time --------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[], GatewaySettings]:
    folder = tmp_path / "new" / "auth"
    environ = {"PW_HOST": NOBODY, "PW_AUTH_PATH": str(folder)}
    return lambda: read_gateway(environ, {})


def test_only_one_process_changes_things_and_any_number_reads(
    settings: Callable[[], GatewaySettings],
) -> None:
    first = Direct.of(settings(), changes=True)
    try:
        with pytest.raises(BadCommand, match="another `powerwall set` is at work here"):
            Direct.of(settings(), changes=True)
        Direct.of(settings(), changes=False).close()
    finally:
        first.close()
    Direct.of(settings(), changes=True).close()
    files = {
        path.name: path.stat().st_mode & 0o777 for path in settings().session_file.parent.iterdir()
    }
    assert files[".powerwall.cli.commands.lock"] == 0o600


def test_a_place_that_cannot_be_written_has_no_lock_and_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environ = {"PW_HOST": NOBODY, "PW_AUTH_PATH": str(tmp_path / "file" / "auth")}
    Direct.of(read_gateway(environ, {}), changes=True).close()


# -- tokens ---------------------------------------------------------------------------------


def test_tokens_are_read_from_the_environment_a_file_each_or_the_file_of_settings(
    tmp_path: Path,
) -> None:
    secret, config = tmp_path / "secret", tmp_path / "powerwall.toml"
    secret.write_text("c0ntrol\n")
    config.write_text('read_token = "r3ad"\nhost = "10.0.0.1"\n')
    wanted = Tokens(control_secret="c0ntrol", read_token="r3ad")
    environ = {"PW_CONTROL_SECRET_FILE": str(secret)}
    assert read_tokens({**environ, "PW_READ_TOKEN": "r3ad"}, {}) == wanted
    assert read_tokens(environ, {"PW_CONFIG": str(config)}) == wanted
    assert read_tokens({}, {}) == Tokens("", "")


def test_a_token_that_cannot_be_read_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="PW_READ_TOKEN: "):
        read_tokens({"PW_READ_TOKEN_FILE": str(tmp_path / "none")}, {})


def test_tokens_are_not_in_what_an_object_says_of_itself() -> None:
    assert "c0ntrol" not in repr(Tokens("c0ntrol", "r3ad"))


# -- what the library logs ------------------------------------------------------------------


def test_what_a_command_tells_itself_is_not_logged_twice(capsys: Captured) -> None:
    open_home(parsed("-proxy", NOBODY))
    SECRETS.hide("a-hidden-word")
    for name in ("lane", "lane.passing", "chores"):
        LOG.getChild(name).warning("gateway down")
    LOG.getChild("statefile").info("nothing much")
    assert capsys.readouterr().err == ""
    LOG.getChild("statefile").warning("a-hidden-word cannot be written")
    LOG.getChild("lane").error("this is a bug")
    told = "powerwall: *** cannot be written\npowerwall: this is a bug\n"
    assert capsys.readouterr().err == told


def test_a_second_command_in_the_same_process_logs_once(capsys: Captured) -> None:
    for _ in range(2):
        open_home(parsed("-proxy", NOBODY))
    LOG.warning("once")
    assert capsys.readouterr().err == "powerwall: once\n"
