"""A self-signed certificate like a gateway's: short names only, so it matches no address."""

import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SHORT_NAMES: Final = ("powerwall", "teg", "powerpack")
_LIFE: Final = timedelta(days=25 * 365)


def make_certificate() -> tuple[str, str]:
    """Make a new key and its certificate, both as PEM: (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SHORT_NAMES[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(short) for short in SHORT_NAMES]),
            critical=False,
        )
        # Clients that pin the certificate load it as their only authority.
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), key_pem.decode()


def refuse_strange_names(
    _socket: ssl.SSLSocket | ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext
) -> int | None:
    """Abort the handshake unless the name asked for is none or one of the short names."""
    if server_name is None or server_name in SHORT_NAMES:
        return None
    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def refuse_all_names(
    _socket: ssl.SSLSocket | ssl.SSLObject, _server_name: str | None, _context: ssl.SSLContext
) -> int:
    """Abort every handshake."""
    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


_NamePolicy = Callable[[ssl.SSLSocket | ssl.SSLObject, str | None, ssl.SSLContext], int | None]


def server_context(
    certificate_pem: str, key_pem: str, names: _NamePolicy = refuse_strange_names
) -> ssl.SSLContext:
    """Make the server side of TLS; the files ssl insists on are gone before this returns."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(key_pem + certificate_pem)
        file.flush()
        context.load_cert_chain(file.name)
    context.sni_callback = names
    return context


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as text, and the two ways of using it."""

    pem: str
    context: ssl.SSLContext
    refusing: ssl.SSLContext

    @classmethod
    def make(cls) -> "Certificate":
        """Make a new one."""
        pem, key_pem = make_certificate()
        return cls(
            pem, server_context(pem, key_pem), server_context(pem, key_pem, refuse_all_names)
        )
