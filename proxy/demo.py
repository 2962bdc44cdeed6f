"""The demo: the built-in simulator in the place of a gateway, and only when asked for."""

from __future__ import annotations

import socket
from dataclasses import replace

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.connect import GatewayConfig
from simulator.gateway import Simulator

from .settings import Settings

SITE_NAME = "Demo (simulated)"
PASSWORD = "demo"  # noqa: S105 - of a simulated gateway on loopback


class Demo:
    """A simulator whose port is known before the server process forks."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))

    def config(self, settings: Settings) -> GatewayConfig:
        """Return how to reach the simulator; its session is never written to disk."""
        address = Address("127.0.0.1", self._listener.getsockname()[1])
        pretended = replace(settings, host=address, host_cert=None).gateway()
        if pretended is None:
            raise AssertionError("an address was given")
        return replace(pretended, credentials=Credentials(PASSWORD), session_file=None)

    def start(self) -> None:
        """Begin to answer; called in the process that serves, and ends with it."""
        Simulator(
            system="pw2",
            password=PASSWORD,
            site_name=SITE_NAME,
            listener=self._listener,
            allow_operation=True,
        ).start()


def welcome(base_url: str) -> str:
    """Tell a newcomer what runs, what to try and how to go on."""
    return f"""
  powerwall-proxy is running with a SIMULATED Powerwall: none of these numbers are yours.

    {base_url}/                        a page with live values
    {base_url}/aggregates              power and energy of site, battery, load, solar
    {base_url}/soe                     battery level
    {base_url}/vitals                  every device and its signals
    {base_url}/stats                   how the proxy is doing

  With your own gateway (its address, and the last five characters of its label's password):

    PW_HOST=192.168.1.50 PW_PASSWORD=ABCDE make run

  Every answer of this demo carries the header X-Demo: simulated. Stop it with Ctrl-C.
"""
