"""Which settings are in force, said without a secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.not_yet import NOT_YET
from proxy.settings_table import ROWS
from pypowerwall_core.doctor.chart import SettingsSeen
from pypowerwall_core.doctor.finding import Finding, State
from pypowerwall_core.doctor.settings import judge, likely_typos, see
from pypowerwall_core.settings.layers import survey
from pypowerwall_core.settings.row import FILE_SUFFIX
from pypowerwall_core.settings.schema import Schema
from pypowerwall_core.settings.table import GATEWAY_ROWS

PASSWORD = "hunter22"
GOOD = {"PW_HOST": "192.168.1.50", "PW_PASSWORD": PASSWORD}


def seen(environ: Mapping[str, str], trouble: str = "", **flags: str) -> SettingsSeen:
    found = survey(Schema(GATEWAY_ROWS), environ, flags)
    return see(found, likely_typos(environ), lambda text: text.replace(PASSWORD, "***"), trouble)


def judged(environ: Mapping[str, str], trouble: str = "", **flags: str) -> Finding:
    return judge(seen(environ, trouble, **flags))


def test_what_somebody_has_set_is_named_with_its_place() -> None:
    finding = judged(GOOD, PW_TIMEOUT="2")
    assert finding.state is State.OK
    assert finding.says == (
        "PW_HOST 192.168.1.50 (environment); PW_PASSWORD *** (environment); PW_TIMEOUT 2 (flag)"
    )
    assert "PW_AUTH_MODE cookie (default)" in finding.details
    assert "PW_EMAIL (not set) (default)" in finding.details
    assert "PW_ALLOW_ISLANDING no (default)" in finding.details
    assert finding.facts["settings"]["PW_TIMEOUT"] == {"value": 2, "from": "flag"}
    assert finding.facts["settings"]["PW_PASSWORD"] == {"value": "***", "from": "environment"}


def test_no_secret_is_in_it_wherever_somebody_wrote_it() -> None:
    wrong = judged({**GOOD, "PW_AUTH_PATH": f"/home/{PASSWORD}", "PW_TIMEOUT": PASSWORD})
    good = judged({**GOOD, "PW_AUTH_PATH": f"/home/{PASSWORD}", "PW_EMAIL": "me@example.com"})
    for finding in (wrong, good):
        assert PASSWORD not in str(finding.document())
        assert "me@example.com" not in str(finding.document())


def test_without_a_host_a_scan_is_the_remedy() -> None:
    finding = judged({"PW_PASSWORD": PASSWORD})
    assert finding.state is State.FAILED
    assert finding.says == "PW_HOST: no gateway is named"
    assert "powerwall scan" in finding.remedy


@pytest.mark.parametrize(
    ("environ", "typo"),
    [
        ({"PW_HOTS": "10.0.0.5"}, "PW_HOTS is no setting; did you mean PW_HOST?"),
        (
            {"PW_HOST": "10.0.0.5", "PW_PASWORD": "x"},
            "PW_PASWORD is no setting; did you mean PW_PASSWORD?",
        ),
    ],
)
def test_a_name_mistyped_is_told(environ: Mapping[str, str], typo: str) -> None:
    finding = judged(environ)
    assert typo in finding.says
    assert finding.facts["notes"] == [typo]


def test_names_of_the_proxy_are_not_taken_for_mistyped_ones() -> None:
    names = [row.name for row in ROWS] + [row.name + FILE_SUFFIX for row in ROWS if row.secret]
    assert likely_typos(dict.fromkeys([*names, *NOT_YET, "HOST", "PATH"], "x")) == ()


def test_all_errors_are_there_and_the_first_is_the_line() -> None:
    finding = judged({**GOOD, "PW_TIMEOUT": "soon", "PW_MAX_IN_FLIGHT": "9"})
    assert finding.state is State.FAILED
    assert finding.says.startswith("PW_TIMEOUT: 'soon' is not")
    assert finding.says.endswith("(and 1 more error)")
    assert finding.details[0].startswith("PW_MAX_IN_FLIGHT")
    assert len(finding.facts["errors"]) == 2


def test_a_url_for_a_host_is_told_how_to_be_an_address() -> None:
    finding = judged({**GOOD, "PW_HOST": "https://192.168.1.50/"})
    assert finding.state is State.FAILED
    assert "no https://" in finding.remedy


def test_a_certificate_that_cannot_be_read_names_the_way_to_save_one() -> None:
    finding = judged(GOOD, "PW_HOST_CERT: /nowhere cannot be read as a certificate")
    assert finding.state is State.FAILED
    assert "-save-cert" in finding.remedy


@pytest.mark.parametrize("password", ["'hunter22'", '"hunter22"', " hunter22", "hunter22\t"])
def test_a_password_in_quotes_or_blanks_is_doubted(password: str) -> None:
    finding = judged({**GOOD, "PW_PASSWORD": password})
    assert finding.state is State.WARNING
    assert "without quotes" in finding.remedy


def test_no_password_is_a_warning_as_old_firmware_wants_none() -> None:
    finding = judged({"PW_HOST": "10.0.0.5"})
    assert finding.state is State.WARNING
    assert "label" in finding.remedy


def test_a_file_of_settings_that_others_can_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'host = "10.0.0.5"\npassword = "{PASSWORD}"\n', "utf-8")
    file.chmod(0o644)
    finding = judged({"PW_CONFIG": str(file)})
    assert finding.state is State.WARNING
    assert "PW_PASSWORD *** (file)" in finding.says
    assert "chmod 600" in finding.says


def test_nothing_that_is_set_can_move_the_cursor() -> None:
    finding = judged({**GOOD, "PW_TIMEZONE": "Mars\x1b[2J\n"})
    assert str(finding.says).isprintable()
