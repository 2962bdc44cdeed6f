"""Every failure mode of the cloud: rows of its own, and the gateway's where both can have them."""

from dataclasses import replace
from typing import Final

from simulator import fault_table
from simulator.cloud import faults_access, faults_answers
from simulator.cloud.call import is_api
from simulator.fault import Fault

# What the line does is the same for both; what the plant does shows in the first site.
_LINE: Final = (
    "silent",
    "slow",
    "stalled",
    "dripping",
    "refusing",
    "unreachable",
    "tls_stall",
    "certificate",
    "reset",
    "empty",
    "truncated",
    "html",
    "wrong_type",
    "null",
    "crowded",
)
_PLANT: Final = (
    "clock",
    "disabled_pack",
    "missing_pack",
    "negative_solar",
    "negative_load",
    "outage",
    "blackout",
)
FAULTS: Final[dict[str, Fault]] = {
    row.name: row
    for row in (
        *faults_access.ROWS,
        *faults_answers.ROWS,
        *(replace(fault_table.FAULTS[name], concerns=is_api) for name in _LINE),
        *(fault_table.FAULTS[name] for name in _PLANT),
        # A gateway aborts strange names always; the cloud takes all but for this.
        replace(fault_table.FAULTS["tls_abort"], what="aborts the handshake, whatever the name"),
    )
}
