"""A commander without a gateway: it remembers what it was asked for and ends as it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from falcon import testing

from pypowerwall_core.commander import Execution
from pypowerwall_core.commands import MODE, RESERVE, Command, Outcome, Record, Value
from pypowerwall_core.errors import BadCommand

from .desk import HERE, Served

SECRET = "c0ntrol-me"
BEFORE: Mapping[str, Value | None] = {RESERVE: 20.0, MODE: "self_consumption"}


@dataclass
class FakeCommander:
    """Ends each command at once, or not at all."""

    outcome: Outcome = Outcome.APPLIED
    reason: str = ""
    remedy: str = ""
    forbidden: bool = False
    settles: bool = True
    refuses: BadCommand | None = None
    submitted: list[Command] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    ends: list[dict[str, Any]] = field(default_factory=list)

    def submit(self, command: Command) -> Execution:
        if self.refuses is not None:
            raise self.refuses
        self.submitted.append(command)
        execution = Execution(self._record(command))
        self.executions.append(execution)
        if self.settles:
            execution.settle()
        return execution

    def records(self, limit: int = 200) -> list[Record]:
        return [execution.record for execution in reversed(self.executions)][:limit]

    def temporary(self) -> list[dict[str, Any]]:
        return self.ends

    def _record(self, command: Command) -> Record:
        is_read = self.outcome is not Outcome.REJECTED
        before = {name: BEFORE.get(name) for name in (*BEFORE, *command.changes)}
        applied = self.outcome is Outcome.APPLIED
        return Record(
            f"c{len(self.executions) + 1}",
            1.7e9,
            command,
            self.outcome,
            self.reason,
            self.remedy,
            "gateway",
            before,
            (before | dict(command.changes) if applied else before) if is_read else None,
            self.forbidden,
        )


class Commanded(Served):
    """The application with a commander, over a fake world."""

    def __init__(self, commander: FakeCommander | None = None, **environ: str) -> None:
        super().__init__(**({"PW_CONTROL_SECRET": SECRET} | environ))
        self.commander = commander or FakeCommander()
        self.site.commander = self.commander

    def post(self, path: str, body: str | bytes = b"", **more: Any) -> testing.Result:
        """Send a form as curl does."""
        data = body.encode() if isinstance(body, str) else body
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = kind | {"Content-Length": str(len(data))} | more.pop("headers", {})
        return self.client.simulate_post(
            path, body=data, headers=headers, **({"remote_addr": HERE} | more)
        )

    def form(self, path: str, **fields: str) -> testing.Result:
        """Send fields with the right token."""
        pairs = {"token": SECRET} | fields
        return self.post(path, "&".join(f"{name}={value}" for name, value in pairs.items()))

    def json(self, path: str, document: Any, **more: Any) -> testing.Result:
        """Send JSON with the right bearer."""
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        return self.post(path, json.dumps(document), headers=headers, **more)

    def forget(self) -> Self:
        """Forget commands and wrong tokens, for tests that share what costs 20 ms to make."""
        self.commander.submitted.clear()
        self.commander.executions.clear()
        self.desk.throttle._tries.clear()
        return self

    @property
    def changes(self) -> list[Mapping[str, Value]]:
        """What was submitted."""
        return [command.changes for command in self.commander.submitted]
