"""Everything that can go wrong, named by what the caller should do.

    PowerwallError
    +- RetryLater        ask again after a pause
    |  +- Unreachable    no connection, or none that lasts: refused, reset, silent, TLS
    |  +- Unwell         an answer that is none: 5xx, half, HTML, broken JSON, empty
    |  |  +- Unexplained another request may tell why
    |  +- Busy           503: this one path is closed for a while
    |  +- RateLimited    429: leave the whole upstream alone
    +- LogInAgain        401 or 403 to a read: expired session, or not our role
    +- BadCredentials    the login itself was refused: a person has to act
    |  +- Forbidden      403 of Tesla's cloud: the account's token; another one does not help
    |  +- NotSetUp       the account is not set up for this: its tokens, or its sites
    +- NotServed         404: this firmware has no such path
    +- BadSetting        a wrong value in the configuration: a person has to act
    +- BadCommand        a command that cannot be understood or allowed; nothing was sent
    +- NotSent           a write that did not leave: nothing was changed
    +- Refused           the upstream read a write and said no: nothing was changed
       +- NotPermitted   ... because our role may not; another login does not help

Anything that is not a PowerwallError is a bug and is logged as one.
"""

from __future__ import annotations

import re


def outcome_of(error: Exception | None) -> str:
    """Say how a call ended in one word: ok, unreachable, log_in_again ...; bug for any other."""
    if error is None:
        return "ok"
    if not isinstance(error, PowerwallError):
        return "bug"
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


class PowerwallError(Exception):
    """Base of the tree.

    Attributes:
        remedy: One sentence a person can act on, or "" when there is none.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class RetryLater(PowerwallError):
    """The upstream may well answer another time."""


class Unreachable(RetryLater):
    """No connection, or one that broke or fell silent."""


class Unwell(RetryLater):
    """An answer that cannot be used."""


class Unexplained(Unwell):
    """An answer that cannot be used, and the upstream can be asked for the reason."""


class Busy(RetryLater):
    """503: the gateway closed this path for a while ("current config mode is busy")."""


class RateLimited(RetryLater):
    """429: every further request makes it worse.

    Attributes:
        retry_after_s: What the upstream asked for, or None when it said nothing.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        remedy: str = "Find what else polls this gateway, or raise its interval.",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class LogInAgain(PowerwallError):
    """401 or 403 to a read. Firmware uses both for an expired session and for a role.

    Attributes:
        ended: It is the session, for sure: not a role.
    """

    def __init__(self, message: str, *, remedy: str = "", ended: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.ended = ended


class BadCredentials(PowerwallError):
    """The login was refused."""


LOGIN_ADVICE = (
    "Set PW_PASSWORD to the customer password: unless it was changed, the last five characters of "
    "the password on the gateway's label."
)
"""What to do about the login of a gateway."""


class Forbidden(BadCredentials):
    """403 to a read of Tesla's servers: they refuse the token, and would refuse a new one."""


class NotSetUp(BadCredentials):
    """A Tesla account that cannot be used as it is set up: tokens that ended, another site."""


class NotServed(PowerwallError):
    """404: this firmware does not have the path. Never a reason to log in."""


class BadSetting(PowerwallError):
    """A setting that cannot be used; its message is one line for a person."""


class BadCommand(PowerwallError):
    """A command that cannot be understood, or is not allowed here. Nothing was sent."""


class NotSent(PowerwallError):
    """A write that did not leave: what it would have changed is as it was."""


class Refused(PowerwallError):
    """The upstream read a write and said no: what it would have changed is as it was."""


class NotPermitted(Refused):
    """403 to a write of a proven session: our role may not."""
