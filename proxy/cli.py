"""The command `powerwall`: those of the core, and serve, simulate, healthcheck, config check."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from pypowerwall_core.cli.main import BAD_USAGE, add_commands, run
from pypowerwall_core.redact import Secrets
from pypowerwall_core.version import __version__

from .logs import configure_logging
from .settings import Settings, read_settings
from .settings_table import ROWS

if TYPE_CHECKING:
    from .app import Application

FLAGS = {
    "config": ("PW_CONFIG", "FILE", "TOML file of settings"),
    "host": ("PW_HOST", "HOST", "the gateway"),
    "port": ("PW_PORT", "PORT", "port to listen on"),
    "bind_address": ("PW_BIND_ADDRESS", "ADDRESS", "address to listen on"),
}
"""Settings that may be typed; none of them is a secret, as anybody may list processes."""

_log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["simulate"]:
        from simulator.cli import main as simulate  # noqa: PLC0415 - only where asked for

        return simulate(argv[1:])
    return run(_parser(argv[0] if argv else ""), argv)


def _parser(typed: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="powerwall", description="A caching Powerwall proxy.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_commands(commands, typed)
    serve = commands.add_parser(
        "serve",
        help="serve the proxy; settings are PW_* variables",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--demo", action="store_true", help="with a simulated Powerwall")
    _add_flags(serve, *FLAGS)
    serve.set_defaults(run=_serve)
    commands.add_parser("simulate", help="run a simulated gateway (see simulate --help)")
    health = commands.add_parser("healthcheck", help="exit 0 when a proxy answers on PW_PORT")
    _add_flags(health, "config", "port", "bind_address")
    health.set_defaults(run=_healthcheck)
    config = commands.add_parser("config", help="look at the settings without serving")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="print all settings; exit 2 when one is wrong")
    _add_flags(check, *FLAGS)
    check.set_defaults(run=_config_check)
    return parser


def _add_flags(parser: argparse.ArgumentParser, *fields: str) -> None:
    for field in fields:
        name, shown, says = FLAGS[field]
        parser.add_argument(
            f"--{field.replace('_', '-')}", metavar=shown, default="", help=f"{says} ({name})"
        )


def _flags(arguments: argparse.Namespace) -> dict[str, str]:
    return {name: getattr(arguments, field, "") for field, (name, *_) in FLAGS.items()}


def _settings_help() -> str:
    width = max(len(row.name) for row in ROWS)
    lines = [f"  {row.name:<{width}}  {row.help} [{row.default}]" for row in ROWS]
    return "\n".join(["settings (environment variables) and their defaults:", *lines])


def _serve(arguments: argparse.Namespace) -> int:
    # Nothing is open yet: end at once. As PID 1 of a container a signal without a handler is lost,
    # and `docker stop` right after the start would wait ten seconds in vain.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    from .connections import connections_most  # noqa: PLC0415 - as below
    from .room import make_room  # noqa: PLC0415 - not for `version`
    from .server import listen, serve  # noqa: PLC0415 - the server's libraries are large
    from .tls import ready_pair  # noqa: PLC0415 - not for `version`

    settings = read_settings(os.environ, _flags(arguments))
    secrets = Secrets()
    for secret in settings.secrets:
        secrets.hide(secret)
    configure_logging(
        "debug" if settings.debug else settings.log_level,
        settings.log_format,
        secrets,
        hide_passing=settings.suppress_network_errors,
    )
    if settings.base_path != "/":
        from .routes import check_base_path  # noqa: PLC0415 - else in the worker only

        check_base_path(settings.base_path)
    if settings.host_cert is not None:
        settings.gateway()  # a bad PW_HOST_CERT is told before the port opens
    make_room(settings.auth_path)
    pair = ready_pair(settings)  # and a certificate of ours that cannot be shown
    listener = listen(settings)
    demo = _demo() if arguments.demo else None
    _greet(settings, demo=arguments.demo)
    most = connections_most(settings.max_streams)
    serve(listener, lambda: _make_app(settings, secrets, demo), pair, most)
    return 0


def _make_app(settings: Settings, secrets: Secrets, demo: Any) -> Application:
    from pypowerwall_core.connect import open_site  # noqa: PLC0415 - in the worker only

    from .app import Application  # noqa: PLC0415 - the same
    from .desk import Desk  # noqa: PLC0415 - the same

    if demo:
        demo.start()
    site = open_site(
        demo.config(settings) if demo else settings.gateway(),
        secrets,
        None if demo else settings.cloud(),
    )
    return Application(Desk(site, settings, demo=demo is not None))


def _demo() -> Any:
    from .demo import Demo  # noqa: PLC0415 - nothing else imports the simulator

    return Demo()


def _greet(settings: Settings, *, demo: bool) -> None:
    """Say what runs, and what is missing."""
    for note in settings.notes:
        _log.warning("%s", note)
    host = settings.bind_address or "localhost"
    scheme = "https" if settings.serves_tls else "http"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"
    if demo:
        from .demo import welcome  # noqa: PLC0415 - as above

        print(welcome(url), flush=True)  # noqa: T201 - for the person who typed the command
    if not demo:
        _log.info("powerwall-proxy %s on %s reads %s", __version__, url, _read(settings))


def _read(settings: Settings) -> str:
    """Say what is read, and warn where it is nothing."""
    if settings.host is not None:
        return f"gateway {settings.host}"
    if settings.wants_cloud:
        return "Tesla's cloud"
    _log.warning(
        "no gateway is configured: set PW_HOST (its address) and PW_PASSWORD, or run `powerwall "
        "setup` for a Tesla account; until then every value is unknown"
    )
    return "nothing"


def _healthcheck(arguments: argparse.Namespace) -> int:
    from .healthcheck import why_unhealthy  # noqa: PLC0415 - for this command only

    why = why_unhealthy(read_settings(os.environ, _flags(arguments)))
    print(f"not healthy: {why}" if why else "ok")  # noqa: T201 - for docker inspect
    return 1 if why else 0


def _config_check(arguments: argparse.Namespace) -> int:
    from .configcheck import check  # noqa: PLC0415 - for this command only

    lines, errors = check(os.environ, _flags(arguments))
    print(*lines, sep="\n")  # noqa: T201 - what was asked for
    for error in errors:
        print(f"powerwall: {error}", file=sys.stderr)  # noqa: T201 - the same
    return BAD_USAGE if errors else 0
