from __future__ import annotations

import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from proxy import certificate
from proxy.certificate import make_certificate
from proxy.settings import Settings, read_settings
from proxy.tls import Pair, has_expired, own_file, ready_pair
from pypowerwall_core.errors import BadSetting


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    auth = {"PW_HTTPS": "yes", "PW_AUTH_PATH": str(tmp_path / "auth")}
    return lambda **more: read_settings(auth | more)


@pytest.fixture
def expired(monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patched:
        patched.setattr(certificate, "LIFE", timedelta(hours=-1))
        return make_certificate()


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "HTTPS" in record.getMessage()]


def test_without_https_nothing_is_made(settings: Callable[..., Settings], tmp_path: Path) -> None:
    for word in ("no", "http"):
        assert ready_pair(settings(PW_HTTPS=word)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_is_made_once_and_for_its_owner_only(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    file = own_file(settings())
    assert ready_pair(settings()) == Pair(file, file)
    made = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in file.parent.iterdir()] == ["powerwall-proxy.pem"]
    assert len(_lines(caplog)) == 1
    file.chmod(0o644)
    ready_pair(settings())
    assert file.read_bytes() == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(_lines(caplog)) == 1


def test_it_names_this_machine_and_lasts_ten_years(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "raspberrypi")
    made = x509.load_pem_x509_certificate(make_certificate("192.168.1.5").encode())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = names.get_values_for_type(x509.DNSName)
    assert hosts == ["localhost", "raspberrypi", "raspberrypi.local"]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1", "192.168.1.5"]
    left = made.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=3650) < left < timedelta(days=3653)
    limits = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not limits.ca, "who trusts it trusts nothing else"


@pytest.mark.parametrize("host", ["", "a b", "ä", "-x", "a" * 64, "box.example.org", "x_y"])
@pytest.mark.parametrize("bind_address", ["", "0.0.0.0", "::", "box", "fe80::1%eth0"])  # noqa: S104
def test_any_name_of_a_machine_will_do(
    monkeypatch: pytest.MonkeyPatch, host: str, bind_address: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert "BEGIN CERTIFICATE" in make_certificate(bind_address)


def test_one_that_has_expired_is_made_anew(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture, expired: str
) -> None:
    file = own_file(settings())
    file.parent.mkdir()
    file.write_text(expired)
    assert has_expired(Pair(file, file))
    ready_pair(settings())
    assert not has_expired(Pair(file, file))
    (line,) = _lines(caplog)
    assert "expired" in line
    assert str(file) in line


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN CERTIFICATE-----\n?\n"])
def test_one_that_is_none_is_made_anew(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture, text: str
) -> None:
    file = own_file(settings())
    file.parent.mkdir()
    file.write_text(text)
    ready_pair(settings())
    assert not has_expired(Pair(file, file))
    (line,) = _lines(caplog)
    assert "could not be used" in line
    assert "\n" not in line


def test_one_whose_key_is_another_is_made_anew(settings: Callable[..., Settings]) -> None:
    file = own_file(settings())
    file.parent.mkdir()
    key = make_certificate().partition("-----BEGIN CERTIFICATE")[0]
    file.write_text(key + "".join(make_certificate().partition("-----BEGIN CERTIFICATE")[1:]))
    before = file.read_bytes()
    ready_pair(settings())
    assert file.read_bytes() != before


def test_one_that_is_valid_later_is_kept(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small computer's clock is often late until it has found a time server."""
    monkeypatch.setattr(certificate, "_EARLIER", timedelta(days=-3))
    file = own_file(settings())
    file.parent.mkdir()
    file.write_text(make_certificate())
    before = file.read_bytes()
    ready_pair(settings())
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_line(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match=r"^PW_HTTPS: no certificate can be kept in ") as bad:
        ready_pair(settings(PW_AUTH_PATH=str(tmp_path / "file" / "auth")))
    assert "PW_AUTH_PATH" in str(bad.value)
    assert "\n" not in str(bad.value)


def test_a_pair_that_is_given_is_used_and_nothing_is_made(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    key, *rest = make_certificate().partition("-----BEGIN CERTIFICATE")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "cert.pem").write_text("".join(rest))
    given = {"PW_TLS_CERT": str(tmp_path / "cert.pem"), "PW_TLS_KEY": str(tmp_path / "key.pem")}
    assert ready_pair(settings(**given)) == Pair(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert not (tmp_path / "auth").exists()


def _with_passphrase(text: str) -> str:
    key = serialization.load_pem_private_key(text.encode(), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"s3cret"),
    ).decode()


@pytest.mark.parametrize("wrong", ["missing", "folder", "no pem", "swapped", "other", "locked"])
def test_a_pair_that_is_none_is_one_line(
    settings: Callable[..., Settings], tmp_path: Path, wrong: str
) -> None:
    key, *rest = make_certificate().partition("-----BEGIN CERTIFICATE")
    (tmp_path / "cert.pem").write_text("".join(rest))
    other = make_certificate().partition("-----BEGIN CERTIFICATE")[0]
    texts = {"no pem": "hello", "swapped": "".join(rest), "other": other}
    texts["locked"] = _with_passphrase(key)
    if wrong == "folder":
        (tmp_path / "key.pem").mkdir()
    elif wrong != "missing":
        (tmp_path / "key.pem").write_text(texts[wrong])
    given = {"PW_TLS_CERT": str(tmp_path / "cert.pem"), "PW_TLS_KEY": str(tmp_path / "key.pem")}
    with pytest.raises(BadSetting, match=r"^PW_TLS_(CERT|KEY): ") as bad:
        ready_pair(settings(**given))
    assert "\n" not in str(bad.value)
    assert "key.pem" in str(bad.value)


def test_old_tls_is_not_spoken_and_nobody_renegotiates(settings: Callable[..., Settings]) -> None:
    pair = ready_pair(settings())
    assert pair is not None
    context = pair.context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
