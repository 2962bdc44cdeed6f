"""The states of the grid as the gateway names them, and what its devices say in each. Pure."""

from dataclasses import dataclass
from typing import Final

CONNECTED: Final = "SystemGridConnected"
TO_ISLAND: Final = "SystemTransitionToIsland"
ISLAND_READY: Final = "SystemIslandedReady"
ISLANDED: Final = "SystemIslandedActive"
TO_GRID: Final = "SystemTransitionToGrid"
FAULTED: Final = "SystemMicroGridFaulted"
WAITING: Final = "SystemWaitForUser"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridState:
    """One state; connected is the contactor's side, grid and house say where there is voltage."""

    connected: bool = False
    grid: bool = False
    house: bool = True
    inverter: str
    inverter_grid: str

    @property
    def island(self) -> bool:
        """Whether the inverters make the house's grid."""
        return self.house and not self.connected


# Forming is what an inverter presumably says on an island: no capture shows it.
GRID_STATES: Final = {
    CONNECTED: GridState(
        connected=True, grid=True, inverter="PINV_GridFollowing", inverter_grid="Grid_Compliant"
    ),
    TO_ISLAND: GridState(inverter="PINV_GridFollowing", inverter_grid="Grid_Uncompliant"),
    ISLAND_READY: GridState(inverter="PINV_GridForming", inverter_grid="Grid_Uncompliant"),
    ISLANDED: GridState(inverter="PINV_GridForming", inverter_grid="Grid_Uncompliant"),
    TO_GRID: GridState(grid=True, inverter="PINV_GridForming", inverter_grid="Grid_Qualifying"),
    FAULTED: GridState(house=False, inverter="PINV_Off", inverter_grid="Grid_Uncompliant"),
    WAITING: GridState(house=False, inverter="PINV_Off", inverter_grid="Grid_Uncompliant"),
}


@dataclass(frozen=True, slots=True)
class GridFault:
    """What an inverter noted when the grid left its limits."""

    alert: str
    at_s: float
    signal: str
    value: float
    units: str
