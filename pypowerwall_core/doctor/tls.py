"""Who answers at the port: TLS, its certificate, and the names a gateway takes. Pure."""

from __future__ import annotations

from typing import Any

from pypowerwall_core.backends.local.address import GATEWAY_NAMES

from .chart import CertificateSeen, Chart, Handshake, TlsTrouble
from .finding import Finding, failed, skipped, took, warning, well

_WORDS = {
    TlsTrouble.STALLED: "the connection stands, but no TLS answer came within {took}",
    TlsTrouble.ABORTED: "the handshake was aborted ({name})",
    TlsTrouble.NOT_TLS: "what answers does not speak TLS",
    TlsTrouble.INCOMPATIBLE: "no TLS version or cipher in common: {text}",
    TlsTrouble.OTHER: "the handshake failed: {text}",
}
_NAMES = ", ".join(GATEWAY_NAMES)
_REMEDIES = {
    TlsTrouble.STALLED: "The gateway is overloaded or hangs: stop what polls it and wait some "
    "minutes; if it stays so, restart it.",
    TlsTrouble.ABORTED: f"Gateways take the server names {_NAMES} and none, and none of these was "
    "to blame: something stands between (a VPN, a front end, a firewall), it is another device, or "
    "the gateway is starting or overloaded. Set PW_HOST to its own address; wait some minutes; "
    "restart it.",
    TlsTrouble.NOT_TLS: "Is PW_HOST, and its port, that of the gateway? `powerwall scan` finds it.",
    TlsTrouble.INCOMPATIBLE: "Is PW_HOST the gateway? `powerwall scan` finds it. If it is, its "
    "firmware is too old for the TLS of this machine: see the details with -verbose.",
    TlsTrouble.OTHER: "Is PW_HOST the gateway? `powerwall scan` finds it.",
}
_PIN = (
    "Compare the fingerprint. If the gateway was replaced, reset or updated, save its new "
    "certificate: `powerwall doctor -save-cert FILE`. If not, something stands between the "
    "gateway and this computer: do not send it the password."
)
_STRANGE = (
    "Is PW_HOST the gateway? A front end before it may show such a certificate, too; `powerwall "
    "scan` finds gateways."
)


def judge(chart: Chart) -> Finding:
    """Judge the handshake and the certificate."""
    seen = chart.handshake
    certificate = seen.certificate
    name = f"with the server name {seen.server_name}" if seen.server_name else "without server name"
    if seen.trouble is not None or certificate is None:
        trouble = seen.trouble or TlsTrouble.OTHER
        says = _WORDS[trouble].format(took=took(seen.took_s), text=seen.text, name=name)
        details = (seen.text,) if seen.text else ()
        return failed(says, _REMEDIES[trouble], details=details, facts=_facts(seen))
    more: dict[str, Any] = {"details": _details(seen, certificate), "facts": _facts(seen)}
    shown = f"SHA-256 {certificate.fingerprint}"
    if seen.is_pinned is False:
        return failed(f"the certificate is not the one of PW_HOST_CERT, but {shown}", _PIN, **more)
    says = f"{seen.version} {name}, certificate {_of(certificate)}"
    pinned = ", the one of PW_HOST_CERT" if seen.is_pinned else ""
    if not is_of_gateway(certificate) and not seen.is_pinned:
        return warning(f"{says}, not of a gateway; {shown}", _STRANGE, **more)
    return well(f"{says}{pinned}; {shown}", **more)


def is_of_gateway(certificate: CertificateSeen | None) -> bool:
    """Say whether a certificate has the names that gateways give themselves."""
    names = certificate.names if certificate else ()
    return any(name.lower() in GATEWAY_NAMES for name in names)


_NAMES_MOST = 4


def _of(certificate: CertificateSeen) -> str:
    if not certificate.is_readable:
        return "that cannot be read"
    shown = ", ".join(certificate.names[:_NAMES_MOST]) or "nobody"
    more = len(certificate.names) - _NAMES_MOST
    return f"of {shown}{f' and {more} more' if more > 0 else ''}"


def _details(seen: Handshake, certificate: CertificateSeen) -> tuple[str, ...]:
    strange = {
        None: "another server name was not tried",
        True: "another server name is refused, as gateways do",
        False: "another server name is taken: gateways refuse it",
    }
    return (
        f"cipher {seen.cipher}, handshake {took(seen.took_s)}",
        f"subject {certificate.subject or '(empty)'}",
        f"valid from {certificate.begins or '?'} to {certificate.ends or '?'}; nobody checks that",
        strange[seen.refuses_strange_names],
    )


def _facts(seen: Handshake) -> dict[str, Any]:
    certificate = seen.certificate
    facts: dict[str, Any] = {
        "server_name": seen.server_name,
        "trouble": seen.trouble,
        "version": seen.version or None,
        "cipher": seen.cipher or None,
        "is_pinned": seen.is_pinned,
        "refuses_strange_names": seen.refuses_strange_names,
    }
    if certificate is not None:
        facts |= {
            "sha256": certificate.fingerprint,
            "subject": certificate.subject,
            "names": list(certificate.names),
            "valid_from": certificate.begins or None,
            "valid_to": certificate.ends or None,
            "is_of_gateway": is_of_gateway(certificate),
        }
    return facts


def judge_saved(chart: Chart) -> Finding:
    """Judge what became of -save-cert."""
    saved = chart.saved
    if saved is None:
        return skipped("the gateway showed no certificate")
    if saved.exists:
        remedy = "Name another file, or replace this one with -force."
        return failed(f"{saved.path} exists and was left as it is", remedy)
    if saved.trouble:
        remedy = "Name a file in a folder that exists and that you may write."
        return failed(f"{saved.path} cannot be written: {saved.trouble}", remedy)
    return well(f"saved to {saved.path}: set PW_HOST_CERT to it, to trust this one and no other")
