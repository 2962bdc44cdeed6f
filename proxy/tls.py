"""PW_HTTPS=yes: which certificate is shown, and that it can be shown, before the port opens."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.privatefile import write_private

from .settings import Settings

OWN_FILE = "powerwall-proxy.pem"
_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""
_STEPS = 8
"""More than a handshake in memory takes."""

_log = logging.getLogger(__name__)

MAKING_S = 60.0
"""A slow flash card may take its time; a process that hangs may not."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, on disk."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return the server's side of TLS 1.2 and newer.

        Raises:
            OSError: A file cannot be read or is not what it should be.
            ValueError: The key wants a passphrase.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        # Without a function OpenSSL would ask for a passphrase on the terminal.
        context.load_cert_chain(self.certificate, self.key, password=_no_passphrase)
        return context


def ready_pair(settings: Settings) -> Pair | None:
    """Return what to show to clients, made now if need be; None serves plain HTTP.

    Raises:
        BadSetting: It cannot be used, or not be made.
    """
    if not settings.serves_tls:
        return None
    if settings.tls_cert is None:
        return _own_pair(settings)
    check_pair(settings)
    return _given_pair(settings)


def check_pair(settings: Settings) -> None:
    """Try the pair that somebody set, if any.

    Raises:
        BadSetting: It cannot be used.
    """
    pair = _given_pair(settings)
    if pair is None:
        return
    for name, path in (("CERT", pair.certificate), ("KEY", pair.key)):
        try:
            path.read_bytes()
        except (OSError, ValueError) as error:
            raise BadSetting(f"PW_TLS_{name}: {str(path)!r} cannot be read: {error}") from error
    try:
        pair.context()
    except (OSError, ValueError) as error:
        raise BadSetting(
            f"PW_TLS_CERT: {str(pair.certificate)!r} and PW_TLS_KEY {str(pair.key)!r} are not a "
            f"certificate and its key in PEM form: {_reason(error)}"
        ) from error


def own_file(settings: Settings) -> Path:
    """Return where a certificate of our own is kept."""
    return settings.auth_path / OWN_FILE


def _given_pair(settings: Settings) -> Pair | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Pair(settings.tls_cert, settings.tls_key)


def _own_pair(settings: Settings) -> Pair:
    path = own_file(settings)
    pair = Pair(path, path)
    why = _why_make(pair)
    if why is None:
        return pair
    pem = _made(settings.bind_address)
    try:
        write_private(path, pem)
    except OSError as error:
        raise BadSetting(
            f"PW_HTTPS: no certificate can be kept in {str(settings.auth_path)!r} "
            f"({error.strerror}): set PW_AUTH_PATH to a folder that can be written, or "
            "PW_TLS_CERT and PW_TLS_KEY"
        ) from error
    _log.log(
        logging.INFO if why == "" else logging.WARNING,
        "HTTPS: made a certificate, kept in %s%s; browsers ask once whether to trust it",
        path,
        why and f" ({why})",
    )
    return pair


def _made(bind_address: str) -> str:
    """Make a certificate in a process of its own; see certificate.py."""
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(part or os.curdir for part in sys.path)}
    command = [sys.executable, "-P", "-m", f"{__package__}.certificate", bind_address]
    try:
        ended = subprocess.run(  # noqa: S603 - ours
            command, env=here, capture_output=True, text=True, check=False, timeout=MAKING_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BadSetting(f"PW_HTTPS: no certificate can be made: {error}") from error
    if ended.returncode:
        reason = (ended.stderr.strip() or "no reason given").splitlines()[-1]
        raise BadSetting(f"PW_HTTPS: no certificate can be made: {reason}")
    return ended.stdout


def _why_make(pair: Pair) -> str | None:
    """Return why a certificate has to be made: "" the first time, None when it is in order."""
    try:
        if not pair.certificate.exists():
            return ""
        expired = has_expired(pair)
    except (OSError, ValueError) as error:
        return f"the one there could not be used: {_reason(error)}"
    if expired:
        return "the one there had expired"
    with contextlib.suppress(OSError):
        pair.certificate.chmod(0o600)
    return None


def has_expired(pair: Pair) -> bool:
    """Shake hands with ourselves, in memory: it also shows that certificate and key fit.

    Raises:
        OSError: They do not, or cannot be read.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # one that somebody put there will do
    client.load_verify_locations(pair.certificate)
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(answered, asked),
        pair.context().wrap_bio(asked, answered, server_side=True),
    )
    try:
        for _ in range(_STEPS):
            for side in sides:
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
    except ssl.SSLCertVerificationError as error:
        return error.verify_code == _EXPIRED
    return False


def _no_passphrase() -> str:
    raise ValueError("the key is protected by a passphrase")


def _reason(error: Exception) -> object:
    return (error.strerror if isinstance(error, OSError) else None) or error
