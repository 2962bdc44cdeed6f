"""One home for a caller who waits: a script, or a command at a terminal.

Everything goes through the site's lane and its memory, as for the proxy. What is returned
belongs to the caller: changing it changes nothing that is remembered.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from . import payloads
from .backends.local.controller import Write
from .backends.local.documents import text_or_json
from .backends.local.reader import PAYLOADS, RAW, adopted
from .commands import Command, Record, Value
from .connect import Gateway, GatewayConfig, open_account, open_gateway
from .errors import BadCommand, NotPermitted, PowerwallError, Unreachable
from .policy import Freshness, Patience
from .redact import Secrets
from .site import Site
from .slot import Slot
from .snapshot import Snapshot, Unknown

if TYPE_CHECKING:  # what it stands on is large, and not everybody has an account
    from .backends.cloud.connect import CloudConfig
    from .backends.cloud.controller import CloudController
    from .backends.cloud.tariff import Change

COMMAND_WAIT_S = 30.0
"""A read, a write, what makes the gateway apply it, and the first read-backs."""
_USABLE = (Freshness.FRESH, Freshness.STALE)
_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class Client:
    """Asks one site and waits for the answer, at most so long for one question."""

    def __init__(
        self,
        site: Site,
        gateway: Gateway | None,
        config: GatewayConfig | None,
        budget_s: float,
        account: CloudController | None = None,
    ) -> None:
        self.site = site
        self._gateway = gateway
        self._config = config
        self._account = account
        self._budget_s = budget_s

    @classmethod
    def of(cls, config: GatewayConfig, secrets: Secrets, budget_s: float) -> Client:
        """Make the client of a gateway. Nothing is sent before `start`."""
        gateway = open_gateway(config, secrets)
        return cls(gateway.site, gateway, config, budget_s)

    @classmethod
    def of_cloud(cls, config: CloudConfig, secrets: Secrets, budget_s: float) -> Client:
        """Make the client of a site of a Tesla account. Nothing is sent before `start`."""
        site, account = open_account(config, secrets)
        return cls(site, None, None, budget_s, account)

    def start(self) -> None:
        """Let the lane fly."""
        self.site.start()

    def close(self) -> None:
        """End the lane; the session at the gateway stays valid for the next one."""
        self.site.stop()

    def trouble(self) -> str:
        """Say why nothing is known, and what a person can do; "" where there is no reason."""
        if not self.site.readers:
            return self.site.trouble
        error = self.site.readers[0].lane.view().condition.error
        return "" if error is None else sentences(error, getattr(error, "remedy", ""))

    # -- reading ---------------------------------------------------------------------------

    def snapshot(self, *needs: str, force: bool = False) -> Snapshot:
        """Return what is known of some payloads, after waiting for what is not fresh.

        `force` has them fetched anew first, unless the gateway or the path is at rest: then
        nothing is known of them.
        """
        if force:
            if all(self._renewed(name) for name in needs):
                return self.site.look(needs)
            return Snapshot({name: Unknown() for name in needs}, time.time())

        def ask() -> tuple[Snapshot, Collection[Future[None]]]:
            asked = self.site.ask(needs, Patience.FRESH)
            return asked.snapshot, asked.flights

        return self._within(ask, lambda: self.site.peek(needs), _is_settled)

    def document(self, payload: str, *, force: bool = False) -> Any:
        """Return one payload's document, None while it is not known; see snapshot."""
        return copy.deepcopy(self.snapshot(payload, force=force).document(payload))

    def poll(self, path: str, *, force: bool = False, raw: bool = False) -> Any:
        """Return what the gateway says at a path: JSON, text where it is none, bytes if `raw`.

        None while it is not known. A path that no table has is fetched only when it is asked
        for, and remembered as briefly as the meters.
        """
        if not raw and path in PAYLOADS:
            return self.document(PAYLOADS[path], force=force)
        return self._adopted(path, force=force, raw=raw)

    def _adopted(self, path: str, *, force: bool, raw: bool) -> Any:
        gateway, config = self._gateway, self._config
        if gateway is None or config is None:
            return None
        source = adopted(path, config.cache_expire_s, config.cache_ttl_s, raw=raw)
        try:
            _check_path(path)
            gateway.lane.adopt(source)
        except BadCommand as error:
            _log.warning("%s: %s", path, error)
            return None
        if force:
            renewed = self._renewed(source.name)
            return self._remembered(gateway.lane.peek([source.name])) if renewed else None
        slots = self._within(
            lambda: gateway.lane.ask([source.name], Patience.FRESH),
            lambda: gateway.lane.peek([source.name]),
            self._has_memory,
        )
        return self._remembered(slots)

    def post(self, path: str, document: Any) -> Any:
        """Send a document to the gateway, once, and return what it answers.

        This is what it says: nothing is read back and nothing is validated. `command` does.

        Raises:
            BadCommand: There is no such path, or the document is no JSON. Nothing was sent.
            PowerwallError: See GatewaySession.post.
        """
        _check_path(path)
        _check_json(document)
        if self._gateway is None:
            raise Unreachable(self.site.trouble or "no gateway is configured")
        touched = tuple(
            name
            for name in (PAYLOADS.get(path, path), f"{RAW}{path}")
            if name in self._gateway.lane.names
        )
        write = Write(path, document, touched)
        try:
            return text_or_json(self._sent(self._gateway, write))
        finally:
            self._gateway.lane.expire(touched)

    def _sent(self, gateway: Gateway, write: Write) -> bytes:
        before = self.session()
        try:
            return gateway.controller.send(write)
        except NotPermitted:
            # Firmware says 403 to an expired session, too. A read tells, and logs in if it is so.
            if not self._renewed(payloads.AGGREGATES) or self.session() == before:
                raise
            return gateway.controller.send(write)

    def session(self) -> Mapping[str, str]:
        """Return the cookies or the header that show the session; empty without one."""
        return {} if self._gateway is None else self._gateway.session.shown()

    # -- changing --------------------------------------------------------------------------

    def command(self, command: Command) -> Record:
        """Have a command carried out and return what became of it so far.

        Raises:
            BadCommand: It cannot be understood, or nothing here can carry it out.
        """
        if self.site.commander is None:
            raise BadCommand(self.site.trouble or "nothing here takes commands")
        running = self.site.commander.submit(command)
        wait([running.settled], COMMAND_WAIT_S)
        return running.record

    def setting(self, knob: str) -> Value | None:
        """Return what one thing that commands change is set to now; None where nobody tells."""
        commander = self.site.commander
        try:
            return None if commander is None else commander.read(knob)
        except PowerwallError as error:
            _log.warning("%s cannot be read: %s", knob, error)
            return None

    def set_tariff(self, tou_settings: Any) -> Change:
        """Have a tariff written, and say what became of it; see CloudController.set_tariff.

        Raises:
            BadCommand: It is none, or nothing here can set one.
        """
        if self._account is None:
            raise BadCommand(
                self.site.trouble or "a tariff cannot be set here",
                remedy="Tesla's cloud takes one: leave the host empty.",
            )
        return self._account.set_tariff(tou_settings)

    # -- waiting ---------------------------------------------------------------------------

    def _within(
        self,
        ask: Callable[[], tuple[Answer, Collection[Future[None]]]],
        peek: Callable[[], Answer],
        is_settled: Callable[[Answer], bool],
    ) -> Answer:
        """Ask until something is known of everything, while there is time and hope.

        What has just come settles it, however old: a slow gateway's answer is old when it comes.
        """
        ends_s = time.monotonic() + self._budget_s
        answer, flights = ask()
        while flights and (left_s := ends_s - time.monotonic()) > 0:
            wait(flights, left_s)
            answer = peek()
            if is_settled(answer):
                break
            answer, flights = ask()
        return answer

    def _has_memory(self, slots: Mapping[str, Slot]) -> bool:
        now_s = self.site.now_s()
        return all(slot.freshness(now_s) in _USABLE for slot in slots.values())

    def _remembered(self, slots: Mapping[str, Slot]) -> Any:
        """Return the document of one source that no site knows of."""
        (slot,) = slots.values()
        usable = slot.memory if self._has_memory(slots) else None
        return copy.deepcopy(usable and usable.document)

    def _renewed(self, name: str) -> bool:
        """Whether flights that leave from now on have brought a payload, or one path."""
        reader = next((one for one in self.site.readers if name in one.claims), None)
        if reader is not None:
            lane, sources = reader.lane, reader.claims[name].sources
        elif self._gateway is not None:
            lane, sources = self._gateway.lane, (name,)
        else:
            return False
        try:
            for source in sources:
                lane.demand(source).result(self._budget_s)
        except Exception as error:  # noqa: BLE001 - a bug among them is in the lane's log
            _log.debug("%s: nothing new: %s", name, error)
            return False
        return True


def sentences(*texts: object) -> str:
    """Return what went wrong and what to do as one line."""
    return ". ".join(str(text).rstrip(".") for text in texts if str(text))


def _is_settled(snapshot: Snapshot) -> bool:
    return not any(isinstance(entry, Unknown) for entry in snapshot.entries.values())


def _check_path(path: str) -> None:
    # Without the slash the path would go on with the name of the host.
    if not path.startswith("/"):
        raise BadCommand(f"{path!r} is no path: those of a gateway begin with /api/")


def _check_json(document: Any) -> None:
    try:
        json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadCommand(f"what is to be sent is no JSON: {error}") from error
