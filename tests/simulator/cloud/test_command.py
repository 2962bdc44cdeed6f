"""`powerwall simulate --cloud`."""

import http.client
import json
import re
import shlex
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulator.cli import main, parser
from simulator.cloud import command
from simulator.cloud.simulator import CloudSimulator


def asked(*argv: str) -> CloudSimulator:
    return command.cloud(parser().parse_args(["--cloud", "--port", "0", *argv]))


def test_it_leaves_a_login_that_works_before_it_says_ready(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    argv = ["--cloud", "--port", "0", "--write-auth", str(folder), "--latency", "0"]
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "simulator", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        settings = dict(
            word.split("=", 1) for word in shlex.split(process.stdout.readline().strip())
        )
        ready = process.stdout.readline()
        assert re.fullmatch(
            r"ready: https://127\.0\.0\.1:\d+ \(cloud of system pw2, site \d+, "
            r"e-mail simulated@example\.com\)\n",
            ready,
        )
        assert settings.keys() == {
            "PW_CLOUD_SSO_URL",
            "PW_CLOUD_API_URL",
            "PW_CLOUD_CA",
            "PW_AUTH_PATH",
            "PW_EMAIL",
        }
        url = urlsplit(settings["PW_CLOUD_API_URL"])
        saved = json.loads((folder / ".pypowerwall.auth").read_text())[settings["PW_EMAIL"]]
        context = ssl.create_default_context(cafile=settings["PW_CLOUD_CA"])
        talk = http.client.HTTPSConnection(url.netloc, timeout=20, context=context)
        bearer = {"authorization": f"Bearer {saved['sso']['access_token']}"}
        talk.request("GET", "/api/1/products", headers=bearer)
        assert talk.getresponse().status == 200
        talk.close()
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (0, "", "")


def test_somebody_s_login_is_one_line_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".pypowerwall.auth").write_text('{"me@example.com": {}}')
    assert main(["--cloud", "--port", "0", "--write-auth", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("powerwall simulate: cannot write: ")
    assert "choose an empty folder" in error


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main(["--cloud", "--port", "0", "--write-auth", str(file / "x")]) == 2
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--write-auth", "x"], "--write-auth needs --cloud"),
        (["--access-ttl", "0"], "--access-ttl needs --cloud"),
        (["--cloud-at-once"], "--cloud-at-once needs --cloud"),
        (["--cloud", "--cloud-sites", "three"], "three"),
        (["--cloud", "--access-ttl", "soon"], "soon"),
    ],
)
def test_a_wrong_option_is_one_line_and_code_2(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    error = capsys.readouterr().err
    assert (caught.value.code, error.count("\n"), said in error) == (2, 1, True)


def test_the_options_reach_the_account(meet: Any) -> None:
    made = asked("--cloud-sites", "two", "--system", "threephase", "--site-name", "Hof")
    assert [site.system.name for site in made.sites] == ["threephase", "backupswitch"]
    assert made.sites[0].system.site_name == "Hof"
    assert asked("--cloud-sites", "solar-only").system.name == "solaronly"
    with asked("--access-ttl", "60", "--cloud-at-once", "--latency", "0") as cloud:
        person = meet(cloud)
        assert person.ask(person.authorize_path()).status == 302
    with asked("--access-ttl", "60", "--latency", "0") as cloud:
        person = meet(cloud)
        person.login()
        assert person.tokens["expires_in"] == 60


def test_without_a_folder_it_says_nothing_but_that_it_is_ready() -> None:
    with CloudSimulator() as cloud:
        (line,) = command.ready(cloud, None)
    assert line.startswith("ready: ")
