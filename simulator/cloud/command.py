"""`powerwall simulate --cloud`: its options, and what it says when it is ready."""

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulator.cloud.files import CA_FILE
from simulator.cloud.simulator import ACCESS_TTL_S, CloudSimulator
from simulator.cloud.site import ONE, SITES

# Their defaults are None, so that one without --cloud can be told from none.
OPTIONS: Final = (
    "write_auth",
    "cloud_sites",
    "cloud_password",
    "cloud_at_once",
    "access_ttl",
    "refresh_grace",
)


def add_arguments(parser: argparse.ArgumentParser, seconds: Callable[[str], float]) -> None:
    """Add the options of the cloud."""
    group = parser.add_argument_group("the cloud")
    group.add_argument(
        "--cloud", action="store_true", help="Tesla's login and Owner API in place of a gateway"
    )
    group.add_argument(
        "--write-auth",
        metavar="DIR",
        type=Path,
        help="leave a login there: .pypowerwall.auth, .pypowerwall.site and ca.pem",
    )
    group.add_argument("--cloud-sites", choices=SITES, help=f"which sites the account has ({ONE})")
    group.add_argument("--cloud-password", help="what the login's form wants; else it takes any")
    group.add_argument(
        "--cloud-at-once",
        action="store_true",
        default=None,
        help="the login shows no form: who asks is sent back with a code",
    )
    group.add_argument(
        "--access-ttl",
        type=seconds,
        metavar="S",
        help=f"seconds that an access token is good ({ACCESS_TTL_S:g})",
    )
    group.add_argument(
        "--refresh-grace",
        type=seconds,
        metavar="S",
        help="seconds that a refresh token is still good after its use (0)",
    )


def stray(arguments: argparse.Namespace) -> str | None:
    """Name an option of the cloud that was given without it."""
    given = [name for name in OPTIONS if getattr(arguments, name) is not None]
    return f"--{given[0].replace('_', '-')}" if given and not arguments.cloud else None


def cloud(arguments: argparse.Namespace) -> CloudSimulator:
    """Make what the command line asks for; it does not listen yet.

    Raises:
        ValueError: The system has no cloud.
    """
    made = CloudSimulator(
        system=arguments.system,
        sites=arguments.cloud_sites or ONE,
        password=arguments.cloud_password,
        at_once=bool(arguments.cloud_at_once),
        host=arguments.host,
        port=arguments.port,
        control_port=arguments.control_port,
        seed=arguments.seed,
        frozen=arguments.frozen,
        site_name=arguments.site_name,
        access_ttl_s=ACCESS_TTL_S if arguments.access_ttl is None else arguments.access_ttl,
        refresh_grace_s=arguments.refresh_grace or 0.0,
    )
    made.set_latency(arguments.latency)
    return made


def ready(running: CloudSimulator, folder: Path | None) -> list[str]:
    """Write the files that were asked for, and say how to come in.

    Raises:
        OSError: They cannot be written there, or somebody else's are there.
    """
    numbers = ", ".join(str(site.identity.site_id) for site in running.sites)
    control = running.control_port
    more = f", control http://127.0.0.1:{control}" if control is not None else ""
    what = f"cloud of system {running.system.name}, site {numbers}, e-mail {running.email}"
    line = f"ready: {running.sso_url} ({what}{more})"
    if folder is None:
        return [line]
    running.write_auth(folder)
    return [_settings(running, folder), line]


def _settings(running: CloudSimulator, folder: Path) -> str:
    settings = {
        "PW_CLOUD_SSO_URL": running.sso_url,
        "PW_CLOUD_API_URL": running.api_url,
        # Whoever takes these may stand in another folder.
        "PW_CLOUD_CA": str((folder / CA_FILE).resolve()),
        "PW_AUTH_PATH": str(folder.resolve()),
        "PW_EMAIL": running.email,
    }
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
