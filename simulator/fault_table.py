"""Every failure mode by its name, and what of the facts' table is shown in part only.

To add one: write a row into the file of what it breaks.
"""

from typing import Final

from simulator import (
    faults_access,
    faults_documents,
    faults_grid,
    faults_plant,
    faults_samples,
    faults_transport,
    faults_update,
    faults_writes,
)
from simulator.fault import Fault

FAULTS: Final[dict[str, Fault]] = {
    row.name: row
    for rows in (
        faults_transport.ROWS,
        faults_access.ROWS,
        faults_documents.ROWS,
        faults_plant.ROWS,
        faults_samples.ROWS,
        faults_grid.ROWS,
        faults_update.ROWS,
        faults_writes.ROWS,
    )
    for row in rows
}

# Every row of the facts is shown; of these a part is not.
IN_PART: Final[dict[int, str]] = {
    3: "a host that is unreachable by ICMP needs a route to lose; the dropped SYN is shown",
    7: "a GOAWAY needs HTTP/2, which only the cloud speaks: there it is shown; resets are here",
    9: "TEDAPI's own 429 and 503 need TEDAPI, which is not simulated",
    34: "a gateway that is away while it reboots is refusing or unreachable, switched beside it",
}
