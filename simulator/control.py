"""The control port: plain HTTP and JSON, on this machine only, to watch and break the gateway."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator.counters import Counters
from simulator.faults import Faults
from simulator.plant import Plant

MAX_BODY: Final = 65_536
_TURN_S: Final = 0.05


class Controlled(Protocol):
    """What the control port turns and reads."""

    faults: Faults
    plant: Plant

    @property
    def counters(self) -> Counters:
        """What was asked."""

    def set_latency(self, seconds: float) -> None:
        """Wait this long before each answer."""

    def expire_sessions(self) -> None:
        """Forget every session."""


Query = Mapping[str, str]


def _help(_simulator: Controlled, _name: str, _query: Query) -> Any:
    return {f"{row.method} {row.path}": row.what for row in ROUTES}


def _counters(simulator: Controlled, _name: str, _query: Query) -> Any:
    return simulator.counters.snapshot()


def _reset(simulator: Controlled, _name: str, _query: Query) -> Any:
    simulator.counters.reset()
    return simulator.counters.snapshot()


def _writes(simulator: Controlled, _name: str, _query: Query) -> Any:
    return [asdict(write) for write in simulator.counters.writes]


def _faults(simulator: Controlled, _name: str, _query: Query) -> Any:
    return simulator.faults.listing()


def _start_fault(simulator: Controlled, name: str, query: Query) -> Any:
    options: dict[str, Any] = dict(query)
    path, method = options.pop("path", None), options.pop("method", None)
    count = options.pop("count", None)
    if count is not None and not count.isdigit():
        raise ValueError("count must be a whole number")
    times = None if count is None else int(count)
    simulator.faults.start(name, path, times, method=method, **options)
    return simulator.faults.listing()


def _stop_fault(simulator: Controlled, name: str, _query: Query) -> Any:
    simulator.faults.stop(name)
    return simulator.faults.listing()


def _stop_faults(simulator: Controlled, _name: str, _query: Query) -> Any:
    simulator.faults.stop()
    return simulator.faults.listing()


def _latency(simulator: Controlled, _name: str, query: Query) -> Any:
    try:
        seconds = float(query.get("seconds", ""))
    except ValueError:
        raise ValueError("seconds must be a number") from None
    simulator.set_latency(seconds)
    return {"latency_s": seconds}


def _expire(simulator: Controlled, _name: str, _query: Query) -> Any:
    simulator.expire_sessions()
    return {"sessions": 0}


def _plant(simulator: Controlled, _name: str, _query: Query) -> Any:
    return asdict(simulator.plant.view())


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path (NAME stands for one segment), and what they do."""

    method: str
    path: str
    what: str
    run: Callable[[Controlled, str, Query], Any]


ROUTES: Final = (
    Route("GET", "/", "this list", _help),
    Route("GET", "/counters", "requests by path, logins, most in flight at once", _counters),
    Route("POST", "/counters/reset", "start counting from nothing", _reset),
    Route(
        "GET", "/writes", "the last requests for a change, their bodies, the oldest first", _writes
    ),
    Route("GET", "/faults", "every failure mode, and which are on", _faults),
    Route(
        "POST",
        "/faults/NAME",
        "switch one on; ?path= ?method= ?count= and the fault's options",
        _start_fault,
    ),
    Route("DELETE", "/faults/NAME", "switch one off", _stop_fault),
    Route("DELETE", "/faults", "switch all off", _stop_faults),
    Route("POST", "/latency", "?seconds=0.5 before each answer", _latency),
    Route("POST", "/sessions/expire", "forget every session, as a reboot does", _expire),
    Route("GET", "/plant", "the model behind the documents", _plant),
)

_TABLE: Final = {(row.method, row.path): row for row in ROUTES}


def _match(method: str, path: str) -> tuple[Route | None, str]:
    """Find the row of a path; the last segment may be a name."""
    exact = _TABLE.get((method, path))
    if exact is not None:
        return exact, ""
    parent, _, name = path.rpartition("/")
    return _TABLE.get((method, f"{parent}/NAME")), unquote(name)


def control(simulator: Controlled, method: str, target: str) -> tuple[int, Any]:
    """Do what one request asks: (status, document)."""
    url = urlsplit(target)
    route, name = _match(method, url.path)
    if route is None:
        return 404, {"error": f"no such thing: {method} {url.path}", "see": "GET /"}
    try:
        return 200, route.run(simulator, name, dict(parse_qsl(url.query, keep_blank_values=True)))
    except KeyError:
        return 404, {"error": f"no fault is called {name}", "see": "GET /faults"}
    except (ValueError, TypeError, OSError) as error:
        return 400, {"error": str(error)}


class _Handler(BaseHTTPRequestHandler):
    """One connection to the control port."""

    server: "ControlServer"

    def do_GET(self) -> None:
        """Read something."""
        self._do()

    def do_POST(self) -> None:
        """Change something."""
        self._do()

    def do_DELETE(self) -> None:
        """Switch something off."""
        self._do()

    def _do(self) -> None:
        length = self.headers.get("content-length", "0")
        if length.isdigit() and int(length) <= MAX_BODY:
            self.rfile.read(int(length))
        status, document = control(self.server.simulator, self.command, self.path)
        body = json.dumps(document, indent=2).encode() + b"\n"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


class ControlServer(ThreadingHTTPServer):
    """Listens on this machine only, whatever address the gateway has."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, simulator: Controlled, port: int) -> None:
        self.simulator = simulator
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(
            target=self.serve_forever,
            kwargs={"poll_interval": _TURN_S},
            name="simulator-control",
            daemon=True,
        ).start()

    @property
    def port(self) -> int:
        """The port it got."""
        port: int = self.socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()
