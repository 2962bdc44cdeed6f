"""An authority of the simulator's own, and certificates that clients verify with it."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.certificate import Certificate, refuse_all_names, server_context

# Clients refuse certificates that live longer than a bit over a year.
_LIFE: Final = timedelta(days=365)
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def _any_name(
    _socket: ssl.SSLSocket | ssl.SSLObject, _server_name: str | None, _context: ssl.SSLContext
) -> None:
    """Take every name: a proxy before it may ask for another than the certificate's."""


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: str, issuer: str, public_key: Any) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
    )


_AUTHORITY_USES: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that lives as long as this process."""

    name: str
    pem: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str = "Simulated Tesla cloud") -> "Authority":
        """Make a new one."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_AUTHORITY_USES, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(name, made.public_bytes(serialization.Encoding.PEM).decode(), key)

    def issue(self, hosts: tuple[str, ...], protocols: tuple[str, ...]) -> Certificate:
        """Make a certificate for these names, and its two ways of use, with ALPN."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = self.key.public_key()
        made = (
            _builder(hosts[0], self.name, key.public_key())
            .add_extension(
                x509.SubjectAlternativeName([_general_name(host) for host in hosts]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        pem = made.public_bytes(serialization.Encoding.PEM).decode()
        key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        contexts = [server_context(pem, key_pem, names) for names in (_any_name, refuse_all_names)]
        for context in contexts:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(list(protocols))
        return Certificate(pem, *contexts)
