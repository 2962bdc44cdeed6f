"""The errors under the names that scripts written for pypowerwall catch.

Each is also the error of ours that says the same, so that either name may be caught.
"""

from __future__ import annotations

from .errors import (
    BadCommand,
    BadCredentials,
    BadSetting,
    NotServed,
    Unreachable,
)


class PyPowerwallInvalidConfigurationParameter(BadSetting):
    """An argument of the constructor that cannot be used."""


class InvalidBatteryReserveLevelException(BadCommand):
    """A reserve that is no percentage of the app: 0 to 100."""


LoginError = BadCredentials
PowerwallConnectionError = Unreachable

# One family for each way to reach a home; what the originals told apart by module is told
# apart by name here.


class PyPowerwallCloudNoTeslaAuthFile(BadSetting):
    """There is no file of Tesla tokens to begin with."""


class PyPowerwallCloudTeslaNotConnected(Unreachable):
    """Tesla's servers cannot be asked."""


class PyPowerwallCloudNotImplemented(NotServed):
    """Tesla's servers have no such thing."""


class PyPowerwallCloudInvalidPayload(BadCommand):
    """A document that cannot be sent."""


PyPowerwallFleetAPINoTeslaAuthFile = PyPowerwallCloudNoTeslaAuthFile
PyPowerwallFleetAPITeslaNotConnected = PyPowerwallCloudTeslaNotConnected
PyPowerwallFleetAPINotImplemented = PyPowerwallCloudNotImplemented
PyPowerwallFleetAPIInvalidPayload = PyPowerwallCloudInvalidPayload
PyPowerwallTEDAPINoTeslaAuthFile = PyPowerwallCloudNoTeslaAuthFile
PyPowerwallTEDAPITeslaNotConnected = PyPowerwallCloudTeslaNotConnected
PyPowerwallTEDAPINotImplemented = PyPowerwallCloudNotImplemented
PyPowerwallTEDAPIInvalidPayload = PyPowerwallCloudInvalidPayload
