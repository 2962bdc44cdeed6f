"""Tesla's cloud, simulated: the login and the Owner API."""

from simulator.cloud.simulator import CloudSimulator

__all__ = ["CloudSimulator"]
