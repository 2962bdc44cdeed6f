"""PW_HTTPS=yes: the same proxy over TLS, and a certificate that is made once."""

import contextlib
import http.client
import signal
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.hostile_answers import PARSERS, parser
from support.served import (
    ANSWERS_WITHIN_S,
    PASSWORD,
    POWERWALL,
    Reply,
    Served,
    free_port,
    received,
    run,
    until,
)
from support.special import Plot

from proxy.certificate import make_certificate
from simulator.gateway import Simulator

IDLE = 30
PROMPT_S = 1.0
FIRST_REQUEST_S = 15.0
GONE_WITHIN_S = 5.0
HEALTHCHECK = (*POWERWALL, "healthcheck")
pytestmark = pytest.mark.usefixtures("stories")  # they begin with the first test of this file
ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Secure(Served):
    """A proxy that is spoken to over TLS, with the certificate it has made or was given."""

    certificate: Path | None = None

    def trusting(self) -> ssl.SSLContext:
        own = self.folder / "auth" / "powerwall-proxy.pem"
        return ssl.create_default_context(cafile=str(self.certificate or own))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        began_s = time.monotonic()
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=ANSWERS_WITHIN_S, context=self.trusting()
        )
        with contextlib.closing(connection):
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            body = answer.read()
            return Reply(answer.status, answer.headers, body, time.monotonic() - began_s)

    def shake(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        return context.wrap_socket(self.connect(), server_hostname="localhost")

    def shown(self) -> str:
        """The certificate it shows."""
        with self.shake(self.trusting()) as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")


@pytest.fixture
def secure(tmp_path: Path, stack: ExitStack) -> Callable[..., Secure]:
    def start(sim: Simulator | None = None, **settings: str) -> Secure:
        reads = {} if sim is None else {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD}
        served = Secure(tmp_path / "proxy", PW_HTTPS="yes", PW_CACHE_EXPIRE="1", **reads | settings)
        served.certificate = Path(settings["PW_TLS_CERT"]) if "PW_TLS_CERT" in settings else None
        return stack.enter_context(served)

    return start


@pytest.fixture(params=PARSERS)
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    return parser(tmp_path / "modules", request.param)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    key, *rest = make_certificate().partition("-----BEGIN CERTIFICATE")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "cert.pem").write_text("".join(rest))
    return {"PW_TLS_CERT": str(tmp_path / "cert.pem"), "PW_TLS_KEY": str(tmp_path / "key.pem")}


def test_the_same_answers_come_over_tls_only(
    sim: Simulator, secure: Callable[..., Secure], installed: dict[str, str]
) -> None:
    served = secure(sim, **installed)
    assert served.known("/soe").document == {"percentage": 50}
    assert served.get("/stats").document["config"]["PW_HTTPS"] == "yes"
    assert not served.send(ASK).startswith(b"HTTP"), "plain HTTP is not answered"
    assert len(served.lines(f"on https://127.0.0.1:{served.port}")) == 1
    assert len(served.lines("made a certificate")) == 1
    assert served.end(GONE_WITHIN_S) == 0
    assert " ERROR " not in served.log
    assert "Traceback" not in served.log
    assert "PRIVATE" not in served.log


def test_the_certificate_is_the_same_after_a_restart(secure: Callable[..., Secure]) -> None:
    first = secure()
    shown = first.shown()
    assert first.end() == 0
    second = secure()
    assert second.shown() == shown
    assert len(second.lines("made a certificate")) == 1, "by the first"
    assert second.get("/healthz").status == 200


def test_a_certificate_that_is_given_is_shown_and_a_renewed_one_after_a_hangup(
    secure: Callable[..., Secure], given: dict[str, str]
) -> None:
    served = secure(**given)
    assert served.shown() == Path(given["PW_TLS_CERT"]).read_text()
    assert not (served.folder / "auth" / "powerwall-proxy.pem").exists()
    renewed = make_certificate()
    for path in given.values():
        Path(path).write_text(renewed)
    served.signal(signal.SIGHUP)
    until(lambda: _shows(served, renewed))
    for path in given.values():
        Path(path).write_text("broken")
    served.signal(signal.SIGHUP)
    until(lambda: served.lines("the old certificate stays in use"))
    Path(given["PW_TLS_CERT"]).write_text(renewed)
    until(lambda: _shows(served, renewed))


def _shows(served: Secure, certificate: str) -> bool:
    try:
        return served.shown() in certificate
    except OSError:  # between two workers
        return False


@pytest.mark.parametrize("name", ["PW_TLS_CERT", "PW_TLS_KEY"])
@pytest.mark.parametrize("wrong", ["missing.pem", "broken.pem", ".", ""])
def test_a_wrong_pair_is_one_line_and_exit_code_2(
    tmp_path: Path, given: dict[str, str], name: str, wrong: str
) -> None:
    (tmp_path / "broken.pem").write_text("hello")
    settings = {"PW_HTTPS": "yes", "PW_PORT": str(free_port()), "PW_BIND_ADDRESS": "127.0.0.1"}
    ended = run(tmp_path, **settings | given | {name: wrong})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "PW_TLS_" in ended.stderr


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = {"PW_HTTPS": "yes", "PW_AUTH_PATH": str(tmp_path / "file" / "auth")}
    ended = run(tmp_path, PW_PORT=str(free_port()), PW_BIND_ADDRESS="127.0.0.1", **settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "PW_AUTH_PATH" in ended.stderr


def test_six_hundred_silent_connections_keep_nobody_out(
    secure: Callable[..., Secure], stack: ExitStack
) -> None:
    served = secure()
    idle = [stack.enter_context(served.connect()) for _ in range(600)]
    for _ in range(3):
        assert served.get("/healthz").took_s < PROMPT_S
    assert received(idle[0]) == b"", "the longest idle made room"


def test_idle_clients_do_not_hold_it(
    secure: Callable[..., Secure], stack: ExitStack, installed: dict[str, str]
) -> None:
    served = secure(**installed)
    for _ in range(10):
        stack.enter_context(served.connect())
        used = stack.enter_context(served.shake(served.trusting()))
        used.sendall(ASK)
        assert used.recv(1) == b"H"
    assert served.end(GONE_WITHIN_S) == 0
    assert " ERROR " not in served.log


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_refused(secure: Callable[..., Secure], version: str) -> None:
    served = secure()
    context = served.trusting()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or this client would refuse by itself
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with pytest.raises((ssl.SSLError, ConnectionError)), served.shake(context):
        pass


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_newer_tls_is_spoken(secure: Callable[..., Secure], version: str) -> None:
    served = secure()
    context = served.trusting()
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with served.shake(context) as connection:
        connection.sendall(ASK)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_healthcheck_speaks_tls_too(secure: Callable[..., Secure], tmp_path: Path) -> None:
    served = secure()
    auth = {"PW_HTTPS": "yes", "PW_AUTH_PATH": str(tmp_path / "elsewhere")}
    for address in ("127.0.0.1", "", "localhost"):
        settings = {"PW_PORT": str(served.port), "PW_BIND_ADDRESS": address, **auth}
        ended = run(tmp_path, HEALTHCHECK, **settings)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ok\n", "")
    assert not (tmp_path / "elsewhere").exists(), "it makes nothing"
    ended = run(tmp_path, HEALTHCHECK, PW_PORT=str(served.port), PW_HTTPS="no")
    assert (ended.returncode, ended.stderr) == (1, "")


def _own_address() -> str | None:
    """An address of this machine that is no loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def test_elsewhere_than_on_loopback_healthcheck_looks_at_the_certificate(tmp_path: Path) -> None:
    address = _own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback ones")
    auth = tmp_path / "auth"
    settings = {"PW_HTTPS": "yes", "PW_BIND_ADDRESS": address, "PW_PORT": str(free_port())}
    served = Served(tmp_path / "proxy", **settings, PW_AUTH_PATH=str(auth))
    served.launch()
    try:
        until(lambda: served.lines("on https://"))
        own = settings | {"PW_AUTH_PATH": str(auth)}
        until(lambda: run(tmp_path, HEALTHCHECK, **own).returncode == 0)
        other = tmp_path / "other"
        other.mkdir()
        (other / "powerwall-proxy.pem").write_text(make_certificate(address))
        ended = run(tmp_path, HEALTHCHECK, **settings, PW_AUTH_PATH=str(other))
        assert ended.returncode == 1
        assert "certificate verify failed" in ended.stdout
    finally:
        served.close()


def test_curl_can_be_told_to_trust_it(secure: Callable[..., Secure]) -> None:
    served = secure()
    pem = served.folder / "auth" / "powerwall-proxy.pem"
    url = f"https://localhost:{served.port}/healthz"
    try:
        said = subprocess.run(  # noqa: S603 - what HELP.md advises
            ["curl", "--silent", "--cacert", str(pem), url],  # noqa: S607
            capture_output=True,
            check=False,
            text=True,
            timeout=ANSWERS_WITHIN_S,
        )
    except FileNotFoundError:
        pytest.skip("no curl here")
    assert (said.returncode, said.stdout) == (0, '{"status": "ok"}')


def test_http_is_plain_http_behind_a_front_end(proxy: Callable[..., Served]) -> None:
    served = proxy(PW_HTTPS="http")
    assert served.get("/healthz").status == 200
    assert served.get("/").headers["Set-Cookie"] is None
    assert not (served.folder / "auth").exists()


# -- silence: a quarter of a minute, lived behind the back of the tests above -----------------


@dataclass(frozen=True, slots=True)
class Silence:
    """What became of clients that said nothing.

    Attributes:
        took_s: What those who asked meanwhile waited for their answers.
        heard: What the silent ones heard until they were ended.
        lasted_s: Until the last of them was.
        after: What one who asked then was answered.
    """

    took_s: list[float]
    heard: set[bytes]
    lasted_s: float
    after: Reply
    log: str


@dataclass(frozen=True, slots=True)
class Silent(Plot):
    """Clients that never speak, never finish shaking hands or never ask, before one parser."""

    name: str

    def live(self, folder: Path) -> Silence:
        installed = parser(folder / "modules", self.name)
        with Secure(folder / "proxy", PW_HTTPS="yes", **installed) as served, ExitStack() as stack:
            return _keep_silent(served, stack)


def _keep_silent(served: Secure, stack: ExitStack) -> Silence:
    began_s = time.monotonic()
    idle = [stack.enter_context(served.connect()) for _ in range(IDLE)]
    half = stack.enter_context(served.connect())
    half.sendall(b"\x16\x03\x01\x02\x00\x01")
    shaken = stack.enter_context(served.shake(served.trusting()))
    took_s = [served.get("/healthz").took_s for _ in range(5)]
    heard = set()
    for one in (*idle, half, shaken):
        one.settimeout(FIRST_REQUEST_S + 5)
        heard.add(received(one))
    lasted_s = time.monotonic() - began_s
    return Silence(took_s, heard, lasted_s, served.get("/healthz"), served.log)


@pytest.mark.parametrize("plot", [Silent(name) for name in PARSERS], ids=lambda plot: plot.name)
def test_silent_connections_delay_nobody_and_are_ended(lived: Silence) -> None:
    assert max(lived.took_s) < PROMPT_S
    assert lived.heard == {b""}
    assert FIRST_REQUEST_S - 1 < lived.lasted_s < FIRST_REQUEST_S + 4
    assert lived.after.status == 200
    assert "Traceback" not in lived.log
