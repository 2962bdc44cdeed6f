"""A certificate as bytes: what it says, and how it is saved."""

from __future__ import annotations

import contextlib
import hashlib
import os
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path

from pypowerwall_core.fields import printable
from pypowerwall_core.privatefile import replace_whole

from .chart import CertificateSeen, Saved

_READABLE_BY_ALL = 0o644
_TEXT_MOST = 200


def read(der: bytes, masked: Callable[[str], str]) -> CertificateSeen:
    """Read what a certificate says; one that is none has a fingerprint all the same."""
    digest = hashlib.sha256(der).hexdigest().upper()
    fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd serials and the like: not ours to mend
            return _read(der, fingerprint, lambda text: printable(masked(text))[:_TEXT_MOST])
    except ValueError:
        return CertificateSeen(fingerprint, is_readable=False)


def _read(der: bytes, fingerprint: str, clean: Callable[[str], str]) -> CertificateSeen:
    from cryptography import x509  # noqa: PLC0415 - large, and for this check alone
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - the same

    certificate = x509.load_der_x509_certificate(der)
    names = [
        str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ]
    with contextlib.suppress(x509.ExtensionNotFound):
        more = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names += [str(name) for name in more.get_values_for_type(x509.DNSName)]
        names += [str(ip) for ip in more.get_values_for_type(x509.IPAddress)]
    return CertificateSeen(
        fingerprint,
        subject=clean(certificate.subject.rfc4514_string()),
        names=tuple(dict.fromkeys(map(clean, names))),
        begins=certificate.not_valid_before_utc.date().isoformat(),
        ends=certificate.not_valid_after_utc.date().isoformat(),
    )


def save(der: bytes, path: Path, *, force: bool) -> Saved:
    """Write a certificate as PEM: whole or not at all, and over another file only with force."""
    shown = printable(str(path))
    if not force and os.path.lexists(path):
        return Saved(shown, exists=True)
    try:
        replace_whole(path, ssl.DER_cert_to_PEM_cert(der), _READABLE_BY_ALL)
    except OSError as error:
        return Saved(shown, error.strerror or type(error).__name__)
    return Saved(shown)
