"""What a certificate says, and how it is saved."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.peer import certificate as pair

from pypowerwall_core.connect import certificate_fingerprint
from pypowerwall_core.doctor.certificate import read, save

PEM = pair()[0]
DER = ssl.PEM_cert_to_DER_cert(PEM)


def plain(text: str) -> str:
    return text


def test_a_gateways_certificate_is_read() -> None:
    seen = read(DER, plain)
    assert seen.is_readable
    assert seen.subject == "CN=powerwall"
    assert seen.names == ("powerwall", "teg", "powerpack")
    assert seen.begins < seen.ends
    assert seen.fingerprint.replace(":", "").lower() == hashlib.sha256(DER).hexdigest()


def test_what_it_says_is_masked() -> None:
    seen = read(DER, lambda text: text.replace("teg", "***"))
    assert seen.names == ("powerwall", "***", "powerpack")


@settings(max_examples=50)
@given(st.one_of(st.binary(max_size=64), st.integers(0, len(DER)).map(lambda at: DER[:at])))
def test_bytes_that_are_no_certificate_have_a_fingerprint(der: bytes) -> None:
    seen = read(der, plain)
    assert len(seen.fingerprint) == 95
    assert seen.is_readable == (der == DER)


def test_it_is_saved_for_all_to_read_and_as_the_setting_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "gateway.pem"
    assert save(DER, file, force=False).trouble == ""
    assert file.stat().st_mode & 0o777 == 0o644
    assert certificate_fingerprint(file) == hashlib.sha256(DER).digest()
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.pem"]


def test_a_file_that_exists_stays_unless_told_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "gateway.pem"
    file.write_text("mine", "ascii")
    assert save(DER, file, force=False).exists
    assert file.read_text("ascii") == "mine"
    assert not save(DER, file, force=True).exists
    assert file.read_text("ascii") == PEM


def test_a_link_into_nothing_counts_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "gateway.pem"
    file.symlink_to(tmp_path / "nowhere")
    assert save(DER, file, force=False).exists


@pytest.mark.parametrize("where", ["nowhere/gateway.pem", "folder"])
def test_a_place_that_cannot_be_written_is_told_and_left_clean(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    saved = save(DER, tmp_path / where, force=True)
    assert saved.trouble
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
