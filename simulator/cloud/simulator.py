"""The CloudSimulator: Tesla's login and Owner API, in this process, in threads of their own."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from simulator.certificate import Certificate
from simulator.cloud.call import AUTHORIZE_PATH, LOGOUT_PATH, PRODUCTS_PATH, SITES_PATH, TOKEN_PATH
from simulator.cloud.certificate import LOOPBACK, Authority
from simulator.cloud.counters import CloudCounters
from simulator.cloud.desk import HISTORY, READS, CloudDesk
from simulator.cloud.exchange import CloudHub
from simulator.cloud.faults import FAULTS
from simulator.cloud.files import write_files
from simulator.cloud.ledger import Ledger, cache_entry
from simulator.cloud.login import Login
from simulator.cloud.server import H1_NAME, H2_NAME, CloudServer
from simulator.cloud.site import ONE, Site, account
from simulator.cloud.writes import WRITES
from simulator.connections import Flights
from simulator.control import ControlServer
from simulator.faults import Faults
from simulator.gateway import local_offset_s, system_of
from simulator.listening import Address, Doorway
from simulator.plant import Plant
from simulator.running import Running
from simulator.system import System
from simulator.view import View

EMAIL: Final = "simulated@example.com"
ACCESS_TTL_S: Final = 28_800.0
_ANYWHERE: Final = ("", "0.0.0.0", "::")  # noqa: S104 - what a person may ask for


def _as_it_is(view: View) -> View:
    return view


class CloudSimulator(Running):
    """Tesla's cloud to log in to, read, write and break.

    Give it another simulator's plant, and both tell of one home.
    """

    def __init__(  # noqa: PLR0913 - the ways a cloud differs, each by name
        self,
        *,
        system: str | System = "pw2",
        sites: str = ONE,
        plant: Plant | None = None,
        email: str = EMAIL,
        password: str | None = None,
        at_once: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = None,
        seed: int = 1,
        frozen: bool = False,
        site_name: str | None = None,
        access_ttl_s: float = ACCESS_TTL_S,
        refresh_grace_s: float = 0.0,
        http2: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.email = email
        self._http2 = http2
        self._frozen = frozen
        self._seed = seed
        self._monotonic = monotonic
        self._wall = wall
        self._hosts = LOOPBACK if host in (*LOOPBACK, *_ANYWHERE) else (host, *LOOPBACK)
        self._authority = Authority.make()
        self.sites = tuple(self._sites(system, sites, plant, site_name))
        self.system = self.sites[0].system
        self.plant = self.sites[0].plant
        self.faults = Faults(self._follow, self.plant.view, monotonic, table=FAULTS)
        self.counters = CloudCounters(self._paths())
        self._ledger = self._make_ledger(access_ttl_s, refresh_grace_s)
        self._hub = self._make_hub(password, at_once=at_once)
        control = None if control_port is None else partial(ControlServer, self, control_port)
        super().__init__(self._hub, self._make_doorway((host, port)), control)

    def _sites(
        self, system: str | System, kind: str, plant: Plant | None, site_name: str | None
    ) -> Iterator[Site]:
        described = account(kind, system_of(system, site_name))
        for number, (identity, one) in enumerate(described):
            first = number == 0
            yield Site(
                identity,
                one,
                plant if first and plant else self._plant(one, self._seed + number),
                seed=self._seed + number,
                monotonic=self._monotonic,
                wall_connector=first and bool(one.packs),
                # Faults of the plant are of one plant: the first.
                look=self._through_faults if first else _as_it_is,
            )

    def _through_faults(self, view: View) -> View:
        return self.faults.alter(view)

    def _plant(self, system: System, seed: int) -> Plant:
        return Plant(
            system,
            monotonic=self._monotonic,
            wall=self._wall,
            utc_offset_s=local_offset_s(),
            seed=seed,
            frozen=self._frozen,
        )

    def _paths(self) -> set[str]:
        numbers = [
            number
            for site in self.sites
            for number in (site.identity.site_id, site.identity.heir_id)
        ]
        names = (*READS, *HISTORY, *WRITES)
        return {
            *(AUTHORIZE_PATH, TOKEN_PATH, LOGOUT_PATH, PRODUCTS_PATH),
            *(f"{SITES_PATH}{number}/{name}" for number in numbers for name in names),
        }

    def _make_ledger(self, access_ttl_s: float, grace_s: float) -> Ledger:
        return Ledger(
            self.email,
            self._wall,
            access_ttl_s=access_ttl_s,
            grace_s=grace_s,
            sso_url=lambda: self.sso_url,
        )

    def _make_doorway(self, bound: Address) -> Doorway:
        return Doorway(
            self._hub,
            bound,
            serve=lambda bound, _borrowed: CloudServer(self._hub, bound, self._wall),
            renew=lambda: self._certificate(Authority.make()),
        )

    def _make_hub(self, password: str | None, *, at_once: bool) -> CloudHub:
        login = Login(
            self._ledger,
            self.faults,
            password=password,
            at_once=at_once,
            sso_url=lambda: self.sso_url,
        )
        return CloudHub(
            desk=CloudDesk(self._ledger, login, self.sites, self.faults),
            faults=self.faults,
            counters=self.counters,
            flights=Flights(self.counters),
            certificate=self._certificate(self._authority),
        )

    def _certificate(self, authority: Authority) -> Certificate:
        return authority.issue(self._hosts, (H2_NAME, H1_NAME) if self._http2 else (H1_NAME,))

    @property
    def sso_url(self) -> str:
        """What PW_CLOUD_SSO_URL should say: without a slash at its end."""
        host = LOOPBACK[0] if self.host in _ANYWHERE else self.host
        return f"https://[{host}]:{self.port}" if ":" in host else f"https://{host}:{self.port}"

    @property
    def api_url(self) -> str:
        """What PW_CLOUD_API_URL should say: both are on one port here."""
        return self.sso_url

    @property
    def ca_pem(self) -> str:
        """The authority that signs; the fault `certificate` signs with another."""
        return self._authority.pem

    @property
    def site_id(self) -> int:
        """The number of the first site, as it is now."""
        return self._hub.desk.site_id(self.sites[0])

    def write_auth(self, folder: Path, *, access: bool = True) -> None:
        """Log in, and leave the files of that: login, site and authority.

        Args:
            folder: Where to; it is made if need be.
            access: False leaves no access token: it has to be refreshed before use.

        Raises:
            FileExistsError: There is the login of somebody else.
        """
        entry = cache_entry(self._ledger.login(), self.sso_url, self._wall())
        if not access:
            entry["sso"] |= {"access_token": "", "expires_at": 0}
        write_files(folder, email=self.email, login=entry, site_id=self.site_id, ca_pem=self.ca_pem)

    def expire_sessions(self) -> None:
        """End every access token; what refreshes them lives on."""
        self._ledger.forget_all()
