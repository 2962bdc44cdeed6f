"""What somebody who gave a command holds: its newest record, and its first answer."""

from __future__ import annotations

from concurrent.futures import Future

from .commands import Outcome, Record


class Execution:
    """One command on its way.

    Attributes:
        record: What is known of it now; replaced whole, so it may be read at any time.
        settled: Done with the first outcome that is not pending, or with a pending record when
            the first round of read-backs is over. Nobody can cancel it.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.settled: Future[Record] = Future()
        # Who waits through asyncio cancels what it waits for; others wait for it too.
        self.settled.set_running_or_notify_cancel()
        if record.outcome is not Outcome.PENDING:
            self.settle()

    def settle(self) -> None:
        """Let everybody go who waits for the first answer."""
        if not self.settled.done():
            self.settled.set_result(self.record)
