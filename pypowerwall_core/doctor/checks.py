"""The checks, in the order in which things have to work, and what runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pypowerwall_core.redact import Secrets

from . import gateway, health, login, network, settings, tls
from .chart import Chart
from .finding import SETTINGS, Finding, State, skipped
from .hands import Hands, Wish

NAME, TCP, TLS, SAVED, LOGIN = "name resolution", "TCP", "TLS", "certificate", "login"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Attributes:
        look: Sees, and notes it on the chart.
        judge: Says what that means. Pure.
        needs: Checks that must not have failed.
    """

    name: str
    look: Callable[[Hands], None]
    judge: Callable[[Chart], Finding]
    needs: tuple[str, ...] = ()


CHECKS = (
    Check(SETTINGS, Hands.look_at_settings, lambda chart: settings.judge(chart.settings)),
    Check(NAME, Hands.look_at_name, network.judge_name, (SETTINGS,)),
    Check(TCP, Hands.look_at_connection, network.judge_tcp, (NAME,)),
    Check(TLS, Hands.look_at_tls, tls.judge, (TCP,)),
    Check(SAVED, Hands.save_certificate, tls.judge_saved, (TCP,)),
    Check(LOGIN, Hands.look_at_login, login.judge, (TLS,)),
    Check("role", Hands.look_at_core, login.judge_role, (LOGIN,)),
    # Without a way in there is still an open path that tells firmware and DIN.
    Check("firmware", Hands.look_at_paths, gateway.judge, (TLS,)),
    Check("site master", Hands.look_nowhere, gateway.judge_sitemaster, (LOGIN,)),
    Check("latency", Hands.look_nowhere, health.judge_latency, (TLS,)),
    Check("clock", Hands.look_nowhere, health.judge_clock, (TLS,)),
    Check("other pollers", Hands.look_around, health.judge_pollers, (SETTINGS,)),
)


def examine(wish: Wish, secrets: Secrets) -> Iterator[Finding]:
    """Make one check after the other, and tell about each as soon as it is made."""
    blocked: dict[str, str] = {}
    with Hands(wish, secrets) as hands:
        for check in CHECKS:
            if check.name == SAVED and wish.save_to is None:
                continue
            cause = next((blocked[need] for need in check.needs if need in blocked), "")
            if cause:
                finding = skipped(f"not looked at, as {cause} failed")
            else:
                wish.progress(check.name)
                check.look(hands)
                finding = check.judge(hands.chart)
            if finding.state is State.FAILED or cause:
                blocked[check.name] = cause or check.name
            yield replace(finding, name=check.name)
