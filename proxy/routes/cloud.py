"""/cloud/*: what Tesla's cloud says itself, in cloud mode."""

from __future__ import annotations

from proxy.rows import View
from proxy.views import cloud
from pypowerwall_core import payloads


def _own(path: str, payload: str, call: str) -> View:
    says = f"Tesla's {call}, as it is under `response`; in cloud mode only."
    return View(path, says, cloud.enveloped(payload), (payload,))


CLOUD = (
    View(
        "/cloud",
        "Says which routes there are in cloud mode.",
        cloud.usage,
        (payloads.CLOUD_CONFIG,),
    ),
    _own("/cloud/battery", payloads.CLOUD_BATTERY, "site_status"),
    _own("/cloud/power", payloads.CLOUD_POWER, "live_status"),
    _own("/cloud/config", payloads.CLOUD_CONFIG, "site_info"),
    _own("/cloud/tariff", payloads.CLOUD_TARIFF, "tariff_rate"),
)
