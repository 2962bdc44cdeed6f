"""All promises by their paths, and those that tell of this moment."""

from __future__ import annotations

from contract import devices, gateway, itself, library, modes, power

PROMISES = {
    promise.path: promise
    for part in (power, devices, library, modes, gateway, itself)
    for promise in part.PROMISES
}
MOMENT = {promise.path for promise in itself.PROMISES}
"""Known, and never the same twice, whatever the gateway does."""
