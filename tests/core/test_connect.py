"""From a configuration to a site that answers, and the certificate that it may trust."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from pypowerwall_core import payloads
from pypowerwall_core.backends.local.address import Address, parse_address
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.connect import GatewayConfig, certificate_fingerprint, open_site
from pypowerwall_core.errors import BadSetting
from pypowerwall_core.failures import LaneState
from pypowerwall_core.redact import Secrets
from pypowerwall_core.site import Site
from pypowerwall_core.snapshot import Known, Snapshot, Unknown, counter_key
from simulator.certificate import make_certificate
from simulator.gateway import Simulator

PASSWORD = "horse battery"
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(password=PASSWORD, frozen=True) as one:
        yield one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.pem"


@contextmanager
def running(config: GatewayConfig) -> Iterator[Site]:
    site = open_site(config, Secrets())
    site.start()
    try:
        yield site
    finally:
        site.stop()


def config(sim: Simulator, **more: object) -> GatewayConfig:
    return GatewayConfig(parse_address(sim.address), Credentials(PASSWORD), **more)


def ask(site: Site, *needs: str) -> Snapshot:
    """Ask, wait for what is under way, ask again."""
    wait(site.ask(needs).flights, 20)
    return site.ask(needs).snapshot


# -- a site -----------------------------------------------------------------------------------


def test_a_site_reads_what_its_gateway_serves(sim: Simulator) -> None:
    with running(config(sim)) as site:
        snapshot = ask(site, *payloads.CORE, payloads.VITALS, payloads.STATUS)
        assert all(isinstance(entry, Known) for entry in snapshot.entries.values())
    seen = sim.counters.snapshot()
    assert (seen["logins"], seen["connections"], seen["most_in_flight"]) == (1, 1, 1)


def test_opening_a_site_sends_nothing(sim: Simulator, tmp_path: Path) -> None:
    site = open_site(config(sim, session_file=tmp_path / "a" / "session"), Secrets())
    assert isinstance(site.ask(payloads.CORE).snapshot.entries[payloads.SOE], Unknown)
    assert sim.counters.snapshot()["connections"] == 0
    assert list(tmp_path.iterdir()) == []


def test_a_site_without_a_gateway_says_so() -> None:
    site = open_site(None, Secrets())
    site.start()
    (entry,) = site.ask([payloads.SOE]).snapshot.entries.values()
    assert entry == Unknown("no gateway is configured")
    site.stop()


def test_a_restart_uses_the_session_file(sim: Simulator, tmp_path: Path) -> None:
    for _ in range(2):
        with running(config(sim, session_file=tmp_path / "session")) as site:
            assert ask(site, payloads.SOE).known
    assert sim.counters.snapshot()["logins"] == 1


def test_the_password_is_a_secret_from_the_start() -> None:
    secrets = Secrets()
    open_site(GatewayConfig(Address("10.0.0.5"), Credentials(PASSWORD)), secrets)
    open_site(GatewayConfig(Address("10.0.0.5"), Credentials(None)), secrets)
    assert secrets.masked(f"login with {PASSWORD}") == "login with ***"


def test_two_sites_share_nothing(sim: Simulator) -> None:
    with Simulator(password="another", frozen=True) as other:
        with running(config(sim)) as one, running(config(other)) as two:
            assert ask(one, payloads.SOE).known
            assert not ask(two, payloads.SOE).known
            states = [site.readers[0].lane.view().condition.state for site in (one, two)]
        assert states == [LaneState.UP, LaneState.WRONG_PASSWORD]


def test_the_settings_reach_the_rows(sim: Simulator) -> None:
    with running(config(sim, cache_expire_s=3600.0)) as site:
        entry = ask(site, payloads.SOE).entries[payloads.SOE]
        assert isinstance(entry, Known)
        assert entry.ttl_s > 3000


def test_the_settings_reach_the_connection(sim: Simulator) -> None:
    with running(config(sim, pool_maxsize=0, timeout_s=0.3, max_in_flight=2)) as site:
        assert ask(site, payloads.SOE).known
        assert sim.counters.snapshot()["connections"] == 3
        sim.faults.start("silent")
        assert not ask(site, payloads.AGGREGATES).known
        (lane,) = (reader.lane for reader in site.readers)
        assert lane.view().last_error == "no answer within 0.3 s"
        assert len(lane._threads) == 2


# -- the pinned certificate -------------------------------------------------------------------


def test_the_pinned_certificate_is_trusted(sim: Simulator, path: Path) -> None:
    path.write_text(sim.certificate_pem)
    with running(config(sim, fingerprint=certificate_fingerprint(path))) as site:
        assert ask(site, payloads.SOE).known


def test_another_certificate_is_not_spoken_to(sim: Simulator, path: Path) -> None:
    path.write_text(make_certificate()[0])
    with running(config(sim, fingerprint=certificate_fingerprint(path))) as site:
        assert not ask(site, payloads.SOE).known
        view = site.readers[0].lane.view()
    assert view.last_error is not None
    assert "PW_HOST_CERT" in view.last_error
    assert view.remedy
    seen = sim.counters.snapshot()
    assert (seen["total"], seen["logins"], seen["logins_refused"]) == (0, 0, 0)


def pem(body: bytes) -> str:
    return f"{BEGIN}\n{base64.b64encode(body).decode()}\n{END}\n"


def test_a_fingerprint_is_the_sha_256_of_the_certificate(path: Path) -> None:
    text = make_certificate()[0]
    der = ssl.PEM_cert_to_DER_cert(text)
    path.write_text(text)
    assert certificate_fingerprint(path) == hashlib.sha256(der).digest()


@pytest.mark.parametrize(
    "form", ["{0}", "depth=0 CN = powerwall\n{0}", "\n\n  {0}", "{0}{1}", "{0}\njunk"]
)
def test_the_first_certificate_of_the_file_counts(path: Path, form: str) -> None:
    path.write_text(form.format(pem(b"one"), pem(b"two")))
    assert certificate_fingerprint(path) == hashlib.sha256(b"one").digest()


def test_line_ends_of_any_kind_are_fine(path: Path) -> None:
    path.write_bytes(pem(b"one" * 99).replace("\n", "\r\n").encode())
    assert certificate_fingerprint(path) == hashlib.sha256(b"one" * 99).digest()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x30\x82\x01\x0a",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        BEGIN.encode(),
        f"{BEGIN}\n{END}".encode(),
        f"{BEGIN}\nA\n{END}".encode(),
        f"{BEGIN}\n\xe4\n{END}".encode("latin-1"),
    ],
)
def test_a_file_without_a_certificate_is_a_bad_setting(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadSetting) as info:
        certificate_fingerprint(path)
    assert str(path) in str(info.value)
    assert len(str(info.value).splitlines()) == 1


def test_a_file_that_cannot_be_read_is_a_bad_setting(tmp_path: Path) -> None:
    for missing in (tmp_path / "missing", tmp_path):
        with pytest.raises(BadSetting, match="cannot be read"):
            certificate_fingerprint(missing)


def test_energies_that_are_held_lie_beside_the_session_and_outlive_a_restart(
    sim: Simulator, tmp_path: Path
) -> None:
    session, key = tmp_path / ".powerwall", counter_key("solar", "energy_exported")
    energies = tmp_path / ".powerwall.energies"
    with running(config(sim, session_file=session)) as site:
        told = ask(site, payloads.AGGREGATES).totals.shown_wh[key]
    assert not energies.exists()
    energies.write_text(json.dumps({key: told + 100.0}))
    with running(config(sim, session_file=session)) as site:
        assert ask(site, payloads.AGGREGATES).totals.of(key, told) == told + 100.0
