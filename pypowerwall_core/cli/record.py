"""`powerwall record DIR`: what a gateway answers, as files, without what tells whose it is."""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import secrets as randomness
from pathlib import Path
from typing import Any

from pypowerwall_core.errors import BadSetting
from pypowerwall_core.settings.gateway import GatewaySettings
from pypowerwall_core.version import __version__

from .connection import add_options, settings_of
from .main import FAILED, INTERRUPTED, option

_EPILOG = """\
Each path is asked for once, one after the other; nothing is changed. Serial numbers, names,
addresses, networks and secrets are replaced, the same by the same. Part numbers, firmware,
times of day and all readings stay as they are. The password is best given as PW_PASSWORD or
PW_PASSWORD_FILE.

examples:
  powerwall record mine -host 192.168.1.50
  powerwall record mine -samples 5 -every 10      the fast documents five times
  powerwall record -check mine                    look once more, after changes by hand
  powerwall simulate --system mine                serve it
"""
_SAMPLES_MOST = 1000
_EVERY_LEAST_S = 1.0
_KEY_BYTES = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `record`."""
    parser.epilog = _EPILOG
    parser.add_argument("folder", metavar="DIR", type=Path, help="where it goes, or is")
    option(parser, "check", action="store_true", help="only look whether DIR holds private texts")
    option(parser, "force", action="store_true", help="replace the recording in DIR")
    option(parser, "all", action="store_true", help="also ask what hangs on many gateways")
    option(parser, "samples", metavar="N", type=int, default=1, help="of the fast documents (1)")
    option(parser, "every", metavar="S", type=float, default=5.0, help="seconds between them (5)")
    add_options(parser, proxy=False)


def run(arguments: argparse.Namespace) -> int:
    """Record, or check a recording, and return the exit code."""
    if arguments.check:
        return _check(arguments.folder)
    from pypowerwall_core.recording import folder  # noqa: PLC0415 - not for --help
    from pypowerwall_core.recording.capture import Plan  # noqa: PLC0415 - the same

    if not 1 <= arguments.samples <= _SAMPLES_MOST:
        raise BadSetting(f"-samples: between 1 and {_SAMPLES_MOST}")
    if not _EVERY_LEAST_S <= arguments.every < float("inf"):
        raise BadSetting("-every: at least 1 second, to be kind")
    settings = settings_of(arguments)
    if settings.host is None:
        raise BadSetting("PW_HOST: no gateway is named; give -host, and see `powerwall scan`")
    plan = Plan(arguments.all, arguments.samples, arguments.every)
    _log(debug=arguments.debug)
    fresh = folder.prepare(arguments.folder, force=arguments.force)
    return _record(arguments.folder, settings, plan, fresh=fresh)


def _log(*, debug: bool) -> None:
    """Keep the lane's log from people who did not ask: it speaks of what is asked again later."""
    if not debug:
        logging.getLogger("pypowerwall_core").addHandler(logging.NullHandler())
        return
    from pypowerwall_core.debug import print_log  # noqa: PLC0415 - for who asks

    print_log(on=True, color=False)


def _record(folder: Path, settings: GatewaySettings, plan: Any, *, fresh: bool) -> int:
    from pypowerwall_core.recording.capture import Incomplete, Recorder  # noqa: PLC0415 - as above
    from pypowerwall_core.redact import Secrets  # noqa: PLC0415 - as above

    config = settings.gateway()
    if config is None:
        raise AssertionError("an address was given")
    hidden = Secrets()
    for secret in settings.secrets:
        hidden.hide(secret)
    recorder = Recorder(config, hidden, plan, lambda line: _say(hidden.masked(line)))
    began = dt.datetime.now(dt.UTC)
    why, code = "", 0
    try:
        recorder.run()
    except Incomplete as error:
        why, code = hidden.masked(str(error)), FAILED
    except KeyboardInterrupt:
        why, code = "interrupted", INTERRUPTED
    known = [*settings.secrets, settings.values["email"], config.address.host, *recorder.tokens]
    about = {
        "complete": not why,
        "software": f"powerwall-proxy {__version__}",
        "recorded": began.isoformat(timespec="seconds"),
        "times": "as they were, not shifted",
        "every_s": plan.every_s if plan.samples > 1 else None,
        "not_asked": plan.not_asked,
    }
    if why and not fresh:
        _say(f"\nThe gateway could not be recorded: {why}\nWhat {folder} held before is kept.")
        return code
    code = _keep(folder, recorder.answers, known, about) or code
    if why:
        _say(f"\nThe recording in {folder} is incomplete: {why}")
    return code


def _keep(folder: Path, answers: Any, known: list[str], about: dict[str, Any]) -> int:
    """Write what was heard, the names replaced, and return FAILED if that looks private still."""
    from pypowerwall_core.recording.folder import write  # noqa: PLC0415 - as above
    from pypowerwall_core.recording.heard import redacted, suspicious  # noqa: PLC0415 - as above

    made = redacted(answers, randomness.token_bytes(_KEY_BYTES), known)
    write(folder, made, about)
    if not any(answer.body for answer in answers):
        return 0
    _say("\nreplaced:")
    for kind, count in made.replaced.items():
        _say(f"  {count:4} {kind}")
    if made.unknown:
        _say("of unknown meaning, so replaced as well: " + ", ".join(made.unknown))
    left = suspicious(made.answers, made.replacements)
    for line in left:
        _say(f"still looks private: {line}")
    _say(
        f"\nLook at the files in {folder} before you share them: this program knows much that is"
        "\nprivate, but not what it has never seen. Numbers and times are as they were."
    )
    return FAILED if left else 0


def _check(folder: Path) -> int:
    from pypowerwall_core.recording.folder import read, strangers  # noqa: PLC0415 - as above
    from pypowerwall_core.recording.heard import suspicious  # noqa: PLC0415 - as above

    recording = read(folder)
    found = suspicious(recording.answers, recording.about.get("replacements", []))
    found += [f"{name}: not a file of the recording" for name in strangers(folder, recording)]
    for line in found:
        _say(line)
    if not recording.about.get("complete"):
        _say("the recording is incomplete")
    _say(f"{len(found)} things in {folder} look private" if found else "nothing looks private")
    return FAILED if found else 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - for the person who typed the command
