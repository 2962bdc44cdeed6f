"""The application over a lane with a fake clock, without a server or a socket."""

from __future__ import annotations

from typing import Any

from falcon import testing

from proxy.app import Application
from proxy.desk import Desk
from proxy.settings import read_settings
from pypowerwall_core.backends.local.reader import sources
from pypowerwall_core.claims import plain
from pypowerwall_core.site import Reader, Site

from .world import FRESH_S, KEEP_S, World

HERE = "127.0.0.1"
EPOCH_S = 1.7e9
"""The time of day at which the clock of the world reads 0."""


HANGS_UP = {"asgi_disconnect_ttl": 0.001}
"""A client that hangs up at once is answered all the same; only a stream is short then."""


class StillSite(Site):
    """A site whose lane is moved by the test: the test client starts the app at each request."""

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class Client(testing.TestClient):
    """A client on a home network: it names the proxy by a name without a dot."""

    def simulate_request(self, *args: Any, **kwargs: Any) -> Any:
        return super().simulate_request(*args, **(HANGS_UP | {"host": "powerwall"} | kwargs))


class Served:
    """The application over a fake world."""

    def __init__(self, **environ: str) -> None:
        self.world = World(sources(cache_expire_s=FRESH_S, cache_ttl_s=KEEP_S))
        self.gateway = self.world.gateway
        claims = plain({name: name for name in self.world.lane._tower.slots})
        self.site = StillSite(
            [Reader(self.world.lane, claims)],
            clock=lambda: self.world.now_s,
            wall_clock=lambda: EPOCH_S + self.world.now_s,
        )
        self.desk = Desk(self.site, read_settings({"PW_CLIENT_BUDGET": "0"} | environ))
        self.client = Client(Application(self.desk))

    def get(self, path: str, **more: Any) -> testing.Result:
        return self.client.simulate_get(path, **({"remote_addr": HERE} | more))

    def warm(self, *paths: str) -> None:
        for path in paths:
            self.get(path)
        self.world.run(1.5)
