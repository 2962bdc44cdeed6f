"""The command `powerwall`: serve, simulate, version, healthcheck."""

from __future__ import annotations

import argparse
import http.client
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.redact import Secrets
from pypowerwall_core.version import __version__

from .logs import configure_logging
from .settings import ROWS, Settings, read_settings

if TYPE_CHECKING:
    from .app import Application

HEALTHCHECK_S = 5.0
OK = 200
BAD_SETTING = 2

_log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["simulate"]:
        from simulator.cli import main as simulate  # noqa: PLC0415 - only where asked for

        return simulate(argv[1:])
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except BadSetting as error:
        print(f"powerwall: {error}", file=sys.stderr)  # noqa: T201 - the one line a person needs
        return BAD_SETTING


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="powerwall", description="A caching Powerwall proxy.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve the proxy; settings are PW_* variables",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--demo", action="store_true", help="with a simulated Powerwall")
    serve.set_defaults(run=_serve)
    commands.add_parser("simulate", help="run a simulated gateway (see simulate --help)")
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(run=_version)
    health = commands.add_parser("healthcheck", help="exit 0 when a proxy answers on PW_PORT")
    health.set_defaults(run=_healthcheck)
    return parser


def _settings_help() -> str:
    lines = [f"  {row.name:<18}{row.help} [{row.default}]" for row in ROWS]
    return "\n".join(["settings (environment variables) and their defaults:", *lines])


def _serve(arguments: argparse.Namespace) -> int:
    from .server import listen, serve  # noqa: PLC0415 - the server's libraries are large

    settings = read_settings(os.environ)
    secrets = Secrets()
    configure_logging(
        "debug" if settings.debug else settings.log_level, settings.log_format, secrets
    )
    settings.gateway()  # a bad PW_HOST_CERT is told before the port opens
    listener = listen(settings)
    demo = _demo() if arguments.demo else None
    _greet(settings, demo=arguments.demo)
    serve(listener, lambda: _make_app(settings, secrets, demo))
    return 0


def _make_app(settings: Settings, secrets: Secrets, demo: Any) -> Application:
    from pypowerwall_core.connect import open_site  # noqa: PLC0415 - in the worker only

    from .app import Application  # noqa: PLC0415 - the same
    from .desk import Desk  # noqa: PLC0415 - the same

    if demo:
        demo.start()
    config = demo.config(settings) if demo else settings.gateway()
    return Application(Desk(open_site(config, secrets), settings, demo=demo is not None))


def _demo() -> Any:
    from .demo import Demo  # noqa: PLC0415 - nothing else imports the simulator

    return Demo()


def _greet(settings: Settings, *, demo: bool) -> None:
    """Say what runs, and what is missing."""
    for note in settings.notes:
        _log.warning("%s", note)
    host = settings.bind_address or "localhost"
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    if demo:
        from .demo import welcome  # noqa: PLC0415 - as above

        print(welcome(url), flush=True)  # noqa: T201 - for the person who typed the command
    elif settings.host is None:
        missing = "cloud mode is not served yet, so PW_EMAIL alone is not enough"
        _log.warning(
            "no gateway is configured: set PW_HOST (its address) and PW_PASSWORD; until then "
            "every value is unknown%s",
            f" ({missing})" if settings.email else "",
        )
    if not demo:
        reads = f"reads gateway {settings.host}" if settings.host else "reads nothing"
        _log.info("powerwall-proxy %s on %s %s", __version__, url, reads)


def _version(_: argparse.Namespace) -> int:
    print(f"powerwall-proxy {__version__}")  # noqa: T201 - what was asked for
    return 0


def _healthcheck(_: argparse.Namespace) -> int:
    settings = read_settings(os.environ)
    host = settings.bind_address or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    connection = http.client.HTTPConnection(host, settings.port, timeout=HEALTHCHECK_S)
    try:
        connection.request("GET", "/healthz")
        status: int | str = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        status = str(error) or type(error).__name__
    finally:
        connection.close()
    print("ok" if status == OK else f"not healthy: {status}")  # noqa: T201 - for docker inspect
    return 0 if status == OK else 1
