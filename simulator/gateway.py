"""The Simulator: one gateway that runs in this process, in threads of its own."""

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from simulator.certificate import Certificate
from simulator.connections import Flights
from simulator.control import ControlServer
from simulator.counters import Counters
from simulator.desk import Desk
from simulator.endpoints import PATHS
from simulator.faults import Faults
from simulator.https import Hub, Server
from simulator.listening import Address, Doorway
from simulator.plant import Plant
from simulator.running import Running
from simulator.sessions import Sessions
from simulator.systems import SYSTEMS, System


def local_offset_s() -> int:
    """Stand where this machine stands, to the hour: plain offset zones have no halves."""
    return round(time.localtime().tm_gmtoff / 3600) * 3600


def system_of(name: str | System, site_name: str | None) -> System:
    """Find a system by its name, and name its site.

    Raises:
        ValueError: There is no such system.
    """
    if isinstance(name, System):
        return name if site_name is None else replace(name, site_name=site_name)
    if name not in SYSTEMS:
        raise ValueError(f"no system {name!r}; there are {', '.join(SYSTEMS)}")
    system = SYSTEMS[name]
    return system if site_name is None else replace(system, site_name=site_name)


class Simulator(Running):
    """A Powerwall gateway to run, watch and break."""

    def __init__(  # noqa: PLR0913 - the ways a gateway differs, each by name
        self,
        *,
        system: str | System = "pw2",
        password: str = "password",  # noqa: S107 - of a gateway that does not exist
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = None,
        seed: int = 1,
        frozen: bool = False,
        session_ttl_s: float = 3600.0,
        site_name: str | None = None,
        allow_operation: bool = False,
        islanding_scale: float = 1.0,
        listener: socket.socket | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.system = system_of(system, site_name)
        self.counters = Counters(PATHS)
        self.plant = Plant(
            self.system,
            monotonic=monotonic,
            wall=wall,
            utc_offset_s=local_offset_s(),
            seed=seed,
            frozen=frozen,
            islanding_scale=islanding_scale,
        )
        self.faults = Faults(self._follow, self.plant.view, monotonic, plantless=self.system.told)
        self._hub = self._make_hub(password, Sessions(session_ttl_s, monotonic))
        self.allow_operation = allow_operation
        control = None if control_port is None else partial(ControlServer, self, control_port)
        super().__init__(self._hub, self._make_doorway((host, port), listener), control)

    def _make_hub(self, password: str, sessions: Sessions) -> Hub:
        desk = Desk(
            self.system, self.plant, self.faults, self.counters, sessions, password=password
        )
        return Hub(
            desk=desk,
            faults=self.faults,
            counters=self.counters,
            flights=Flights(self.counters),
            certificate=Certificate.make(),
        )

    def _make_doorway(self, bound: Address, listener: socket.socket | None) -> Doorway:
        return Doorway(
            self._hub,
            bound,
            serve=lambda bound, borrowed: Server(self._hub, bound, borrowed),
            renew=Certificate.make,
            listener=listener,
        )

    @property
    def certificate_pem(self) -> str:
        """The certificate that new connections see now."""
        return self._hub.certificate.pem

    @property
    def address(self) -> str:
        """Host and port, as a PW_HOST takes them."""
        return f"{self.host}:{self.port}"

    @property
    def login_limit(self) -> int | None:
        """More logins than this in a minute are refused; None refuses none."""
        return self._hub.desk.login_limit

    @login_limit.setter
    def login_limit(self, limit: int | None) -> None:
        self._hub.desk.login_limit = limit

    @property
    def allow_operation(self) -> bool:
        """Whether the customer may write, where the firmware lets only installers do it."""
        return self._hub.desk.allow_operation

    @allow_operation.setter
    def allow_operation(self, allowed: bool) -> None:
        self._hub.desk.allow_operation = allowed

    def expire_sessions(self) -> None:
        """Forget every session, as a reboot does."""
        self._hub.desk.sessions.forget_all()
