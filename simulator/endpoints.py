"""What a customer can GET: one row per path.

A path that is not here, or that this system does not serve, is a plain 404.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from simulator import (
    documents,
    documents_battery,
    documents_meters,
    documents_old,
    documents_solar,
)
from simulator.device import encode
from simulator.plant import UP_S
from simulator.recorded import RecordedPath
from simulator.system import System
from simulator.view import View
from simulator.vitals import devices
from simulator.wire import BINARY_TYPE, HTML_TYPE, JSON_TYPE, Answer, render

LOGIN_PATH: Final = "/api/login/Basic"
LOGOUT_PATH: Final = "/api/logout"
RUN_PATH: Final = "/api/sitemaster/run"
OPERATION_PATH: Final = "/api/operation"
COMPLETED_PATH: Final = "/api/config/completed"
ISLANDING_PATH: Final = "/api/v2/islanding/mode"
AGGREGATES_PATH: Final = "/api/meters/aggregates"
VITALS_PATH: Final = "/api/devices/vitals"
TEDAPI_PATH: Final = "/tedapi/din"


def _always(_system: System) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path, the function that writes its document, and who may ask."""

    path: str
    read: Callable[[System, View], Any]
    open: bool = False
    status: int = HTTPStatus.OK
    content_type: str = JSON_TYPE
    served: Callable[[System], bool] = _always
    write: Callable[[Any], bytes] = render

    def answer(
        self, system: System, view: View, edit: Callable[[Any], Any] = lambda document: document
    ) -> Answer:
        """Write the answer of this moment; edit may change the document before it is written."""
        document = edit(self.read(system, view))
        return Answer(self.status, self.write(document), self.content_type)


@dataclass(frozen=True, slots=True)
class Replay:
    """A path that answers what it once did; a fault may still change its document."""

    told: RecordedPath

    @property
    def open(self) -> bool:
        """Whether it needs no session."""
        return self.told.open

    def answer(
        self, _system: System, view: View, edit: Callable[[Any], Any] = lambda document: document
    ) -> Answer:
        """Give the sample of this moment, byte for byte unless a fault is at it."""
        sample = self.told.at(view.up_s - UP_S)
        body = sample.body
        if sample.status == HTTPStatus.OK:
            try:
                document = json.loads(body)
            except ValueError:
                pass  # a protobuf, or what no fault knows how to change
            else:
                edited = edit(document)
                body = body if edited == json.loads(body) else render(edited)
        return Answer(sample.status, body, sample.content_type or None)


def _page(_system: System, _view: View) -> bytes:
    return b"<!doctype html><html><head><title>Tesla</title></head><body></body></html>"


def _has_vitals(system: System) -> bool:
    return system.vitals


def _is_powerwall_plus(system: System) -> bool:
    return bool(system.packs and system.inverters)


def _has_synchronizer(system: System) -> bool:
    return system.contactor is not None and system.contactor.kind == "TESYNC"


def _has_tedapi(system: System) -> bool:
    return system.only is not None and TEDAPI_PATH in system.only


def _never(_system: System) -> bool:
    return False


_ROWS: Final = (
    Endpoint("/", _page, open=True, content_type=HTML_TYPE, write=bytes),
    Endpoint("/api/auth/toggle/supported", documents.toggle_supported, open=True),
    Endpoint("/api/autoconfig/status", documents.autoconfig),
    Endpoint("/api/config", documents.config),
    Endpoint("/api/customer", documents.customer),
    # Open even on firmware that closed nearly everything else.
    Endpoint("/api/customer/registration", documents.registration, open=True),
    Endpoint(VITALS_PATH, devices, content_type=BINARY_TYPE, served=_has_vitals, write=encode),
    Endpoint("/api/generators", documents.generators),
    Endpoint("/api/generators/disconnect_types", documents.disconnect_types),
    Endpoint("/api/installer", documents.installer),
    Endpoint("/api/meters", documents_meters.meters),
    Endpoint(AGGREGATES_PATH, documents_meters.aggregates),
    Endpoint("/api/meters/readings", documents_meters.readings),
    Endpoint("/api/meters/site", documents_meters.meters_site),
    Endpoint("/api/meters/solar", documents_meters.meters_solar),
    Endpoint("/api/meters/status", documents_meters.meters_status),
    Endpoint("/api/networks", documents.networks),
    Endpoint("/api/networks/client_protocols", documents.protocols),
    Endpoint("/api/networks/wifi_security_types", documents.wifi_security_types),
    Endpoint(OPERATION_PATH, documents.operation),
    Endpoint("/api/powerwalls", documents_battery.powerwalls),
    Endpoint("/api/powerwalls/phase_usages", documents_battery.phase_usages, status=500),
    Endpoint("/api/powerwalls/status", documents_battery.powerwalls_status),
    Endpoint("/api/site_info", documents.site_info),
    Endpoint("/api/site_info/site_name", documents.site_name),
    Endpoint("/api/sitemaster", documents.sitemaster),
    Endpoint("/api/solar_powerwall", documents_solar.solar_powerwall, served=_is_powerwall_plus),
    Endpoint("/api/solars", documents.solars),
    Endpoint("/api/solars/brands", documents.brands),
    Endpoint("/api/status", documents.status, open=True),
    Endpoint(
        "/api/synchrometer/ct_voltage_references",
        documents_meters.ct_voltage_references,
        served=_has_synchronizer,
    ),
    Endpoint(
        "/api/synchrometer/ct_voltage_references/options",
        documents_meters.ct_voltage_options,
        status=400,
        served=_has_synchronizer,
    ),
    Endpoint("/api/system/testing", documents.testing),
    Endpoint("/api/system/update/status", documents.update_status),
    Endpoint("/api/system_status", documents_battery.system_status),
    Endpoint("/api/system_status/grid_faults", documents_battery.grid_faults),
    Endpoint("/api/system_status/grid_status", documents_battery.grid_status),
    Endpoint("/api/system_status/soe", documents_battery.soe),
    Endpoint("/api/troubleshooting/problems", documents.problems),
    Endpoint(TEDAPI_PATH, documents.no_tedapi, open=True, status=403, served=_has_tedapi),
)

ENDPOINTS: Final[dict[str, Endpoint]] = {row.path: row for row in _ROWS}

# What firmware before 1.45 writes in another way, and what has gone since.
_OLD_ROWS: Final = (
    # Came with 1.50, when a switch had to be toggled for the installer's login.
    Endpoint("/api/auth/toggle/supported", documents.toggle_supported, served=_never),
    Endpoint("/api/customer/registration", documents_old.registration, open=True),
    Endpoint(AGGREGATES_PATH, documents_old.aggregates, open=True),
    Endpoint("/api/networks", documents_old.networks),
    Endpoint(OPERATION_PATH, documents_old.operation),
    Endpoint("/api/powerwalls", documents_old.powerwalls, open=True),
    Endpoint("/api/powerwalls/status", documents_old.powerwalls_status, status=409),
    Endpoint("/api/site_info", documents_old.site_info, open=True),
    Endpoint("/api/site_info/grid_codes", documents_old.grid_codes),
    Endpoint("/api/site_info/site_name", documents.site_name, open=True),
    Endpoint("/api/sitemaster", documents_old.sitemaster, open=True),
    Endpoint("/api/status", documents_old.status, open=True),
    Endpoint("/api/system/networks", documents_old.system_networks),
    Endpoint("/api/system_status", documents_old.system_status),
    Endpoint("/api/system_status/grid_faults", documents_battery.grid_faults, open=True),
    Endpoint("/api/system_status/grid_status", documents_old.grid_status, open=True),
    Endpoint("/api/system_status/soe", documents_battery.soe, open=True),
)
_OLD_ENDPOINTS: Final = ENDPOINTS | {row.path: row for row in _OLD_ROWS}


def find(system: System, path: str) -> Endpoint | Replay | None:
    """Find the row of a path; None where this system has no such thing."""
    if system.recording is not None:
        told = system.recording.paths.get(path)
        return None if told is None else Replay(told)
    row = (_OLD_ENDPOINTS if system.old else ENDPOINTS).get(path)
    if row is None or not row.served(system) or not system.serves(path):
        return None
    return row


# GETs that act, for whoever has a session.
ACTING_PATHS: Final = frozenset({RUN_PATH, COMPLETED_PATH})
# Where a POST needs more than a customer's role, on most firmware.
RESTRICTED_POSTS: Final = frozenset(
    {
        OPERATION_PATH,
        "/api/site_info/grid_code",
        "/api/site_info/site_name",
        "/api/sitemaster/run_for_commissioning",
        ISLANDING_PATH,
    }
)


def is_write(method: str, path: str) -> bool:
    """Say whether a request asks for a change: of the settings, not of the session."""
    return (method == "POST" and path != LOGIN_PATH) or (method, path) == ("GET", COMPLETED_PATH)


# Every path worth counting by its name, whether this system serves it or not.
PATHS: Final = (
    frozenset(_OLD_ENDPOINTS) | RESTRICTED_POSTS | ACTING_PATHS | {LOGIN_PATH, LOGOUT_PATH}
)
# Paths that need a session.
CLOSED_PATHS: Final = frozenset(row.path for row in _ROWS if not row.open)
