"""Makes a certificate of the proxy's own.

`python -m proxy.certificate [ADDRESS]` prints one: the proxy starts that once in its life,
because what making takes would stay in its memory (10 MB).
"""

from __future__ import annotations

import re
import socket
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "powerwall-proxy"
LIFE = timedelta(days=3652)
_EARLIER = timedelta(days=1)
"""Clocks of small computers are late until they have found a time server."""
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")


def make_certificate(bind_address: str = "") -> str:
    """Return a new key and its self-signed certificate in one PEM text.

    It is no authority: who decides to trust it trusts this proxy and nothing it could sign.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(_names(bind_address)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (key_pem + certificate.public_bytes(serialization.Encoding.PEM)).decode("ascii")


def _names(bind_address: str) -> list[x509.GeneralName]:
    """List what clients may call us: this machine, on the network and from itself."""
    host = socket.gethostname()
    hosts = [host, f"{host}.local"] if _LABEL.fullmatch(host) and "." not in host else [host]
    names = ["localhost", *(name for name in hosts if _LABEL.fullmatch(name))]
    addresses = ["127.0.0.1", "::1", bind_address.partition("%")[0]]
    found: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    for text in dict.fromkeys(addresses):
        try:
            address = ip_address(text)
        except ValueError:
            continue
        if not address.is_unspecified:
            found.append(x509.IPAddress(address))
    return found


if __name__ == "__main__":
    sys.stdout.write(make_certificate(*sys.argv[1:2]))
