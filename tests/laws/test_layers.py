"""Laws over the source tree: who may import what, and how large a thing may grow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pypowerwall_core", "proxy", "simulator")
CATALOG = ("__init__", "fact", "gateway", "house", "parts")
CLOUD = ("claims", "constants", "sites", "translate", "translate_meters", "translate_site")
CLOUD_IMPORTS = {"pypowerwall_core.claims", "pypowerwall_core.backends.cloud"} | {
    f"pypowerwall_core.backends.cloud.{name}" for name in CLOUD
}
PURE = (
    "pypowerwall_core/alerts.py",
    "pypowerwall_core/corrections.py",
    "pypowerwall_core/devices.py",
    "pypowerwall_core/fields.py",
    "pypowerwall_core/grid.py",
    "pypowerwall_core/knowledge.py",
    *(f"pypowerwall_core/catalog/{name}.py" for name in CATALOG),
    "pypowerwall_core/plausibility.py",
    "pypowerwall_core/readings.py",
    "pypowerwall_core/recent.py",
    "pypowerwall_core/shapes.py",
    "pypowerwall_core/solar.py",
    "pypowerwall_core/scales.py",
    "pypowerwall_core/payloads.py",
    "pypowerwall_core/snapshot.py",
    "pypowerwall_core/backends/local/vitals.py",
    "pypowerwall_core/backends/local/documents.py",
    *(f"pypowerwall_core/backends/cloud/{name}.py" for name in CLOUD),
    *(f"proxy/views/{path.name}" for path in (ROOT / "proxy/views").glob("*.py")),
)
PURE_IMPORTS = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "itertools",
    "json",
    "math",
    "re",
    "typing",
    "pypowerwall_core",
    "pypowerwall_core.alerts",
    "pypowerwall_core.catalog",
    *(f"pypowerwall_core.catalog.{name}" for name in CATALOG),
    "pypowerwall_core.devices",
    "pypowerwall_core.errors",
    "pypowerwall_core.fields",
    "pypowerwall_core.grid",
    "pypowerwall_core.plausibility",
    "pypowerwall_core.payloads",
    "pypowerwall_core.readings",
    "pypowerwall_core.scales",
    "pypowerwall_core.shapes",
    "pypowerwall_core.snapshot",
    "pypowerwall_core.solar",
}
DECIDERS = ("policy", "failures", "slot", "flights", "evidence", "tower", "meters")
DECIDERS_IMPORTS = (
    PURE_IMPORTS
    | {"enum", "statistics", "itertools", "random"}
    | {f"pypowerwall_core.{name}" for name in DECIDERS}
)
COMMANDS = ("commands", "ledger", "planning", "stored", "temporary", "watching")
COMMANDS_IMPORTS = (
    PURE_IMPORTS
    | {"datetime", "hashlib", "pypowerwall_core.controller"}
    | {f"pypowerwall_core.{name}" for name in COMMANDS}
)
DOCTOR = ("finding", "chart", "settings", "network", "tls", "login", "gateway", "health", "report")
"""What judges: it is told what was seen."""
CLOUD_PURE = ("call", "documents", "documents_info", "history", "home", "tokens", "writes")
COMMANDER = ("commander", "books", "chores", "execution", "journal", "commandlog")
RECORDING = ("anonymiser", "heard", "jsontext", "keys", "protobuf", "pseudonyms", "shapes", "words")
RECORDING_IMPORTS = (
    PURE_IMPORTS
    # The vitals and the table of paths come from the backend.
    | {"hashlib", "hmac", "ipaddress", "google.protobuf.message"}
    | {f"pypowerwall_core.backends.local.{name}" for name in ("tesla_pb2", "reader")}
    | {f"pypowerwall_core.recording.{name}" for name in RECORDING}
)
CONNECTING = ("choice", "pasted", "regions", "tokenfacts")
CONNECTING_IMPORTS = (
    PURE_IMPORTS
    | {"base64", "urllib.parse"}
    | {f"pypowerwall_core.backends.cloud.{name}" for name in CONNECTING}
)
FILE_MOST = 350
FUNCTION_MOST = 40


def sources() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if not path.name.endswith("_pb2.py")]


def imports(path: Path) -> set[str]:
    """Every module a file imports, relative ones resolved, wherever in the file."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(parents) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            submodules = {f"{module}.{alias.name}" for alias in node.names}
            ours = {name for name in submodules if (ROOT / name.replace(".", "/")).exists()}
            ours |= {n for n in submodules if (ROOT / f"{n.replace('.', '/')}.py").exists()}
            found |= ours or {module}
    return found


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_cannot_see_a_clock_a_socket_or_the_environment(name: str) -> None:
    allowed = PURE_IMPORTS | (CLOUD_IMPORTS if "backends/cloud" in name else set())
    if name.endswith("vitals.py"):
        allowed = allowed | {
            "google.protobuf.message",
            "pypowerwall_core.backends.local.tesla_pb2",
        }
    seen = {name for name in imports(ROOT / name) if name != "collections.abc"}
    assert seen <= allowed


@pytest.mark.parametrize("name", DECIDERS)
def test_what_decides_does_nothing(name: str) -> None:
    seen = imports(ROOT / f"pypowerwall_core/{name}.py") - {"collections.abc"}
    assert seen <= DECIDERS_IMPORTS


@pytest.mark.parametrize("name", ["answers", "fields", "throttle", "wishes"])
def test_what_reads_and_answers_commands_is_given_the_time(name: str) -> None:
    seen = imports(ROOT / f"proxy/control/{name}.py")
    assert not seen & {"asyncio", "logging", "os", "socket", "threading", "time"}


@pytest.mark.parametrize("name", ["broadcast", "differ", "frames"])
def test_what_a_stream_is_to_tell_is_decided_without_loop_or_clock(name: str) -> None:
    ours = {f"proxy.events.{one}" for one in ("differ", "frames")}
    assert imports(ROOT / f"proxy/events/{name}.py") - {"collections.abc"} <= PURE_IMPORTS | ours


@pytest.mark.parametrize("name", DOCTOR)
def test_what_judges_a_gateway_looks_at_nothing_itself(name: str) -> None:
    seen = imports(ROOT / f"pypowerwall_core/doctor/{name}.py")
    assert not seen & {"logging", "os", "pathlib", "requests", "socket", "ssl", "threading", "time"}
    looking = {f"pypowerwall_core.doctor.{one}" for one in ("hands", "sockets", "visitor", "knock")}
    assert not seen & looking


@pytest.mark.parametrize("name", COMMANDS)
def test_what_decides_about_commands_does_nothing(name: str) -> None:
    seen = imports(ROOT / f"pypowerwall_core/{name}.py") - {"collections.abc"}
    assert seen <= COMMANDS_IMPORTS


@pytest.mark.parametrize("name", RECORDING)
def test_what_replaces_private_texts_touches_no_file_and_no_network(name: str) -> None:
    seen = imports(ROOT / f"pypowerwall_core/recording/{name}.py") - {"collections.abc"}
    assert seen <= RECORDING_IMPORTS


@pytest.mark.parametrize("name", CONNECTING)
def test_what_decides_about_accounts_touches_no_file_and_no_network(name: str) -> None:
    seen = imports(ROOT / f"pypowerwall_core/backends/cloud/{name}.py") - {"collections.abc"}
    assert seen <= CONNECTING_IMPORTS


@pytest.mark.parametrize("name", [*COMMANDS, *COMMANDER])
def test_a_commander_knows_no_gateway(name: str) -> None:
    seen = imports(ROOT / f"pypowerwall_core/{name}.py")
    assert not {module for module in seen if "backends" in module or module.endswith(".lane")}


@pytest.mark.parametrize("name", ["scanning", "scanned"])
def test_what_a_scan_decides_opens_no_connection(name: str) -> None:
    local = {f"pypowerwall_core.backends.local.{name}" for name in ("address", "documents")}
    allowed = PURE_IMPORTS | local | {"ipaddress", "pypowerwall_core.scanning"}
    assert imports(ROOT / f"pypowerwall_core/{name}.py") - {"collections.abc"} <= allowed


@pytest.mark.parametrize("name", ["home", "telling", "wishes"])
def test_what_a_command_says_and_wishes_opens_nothing(name: str) -> None:
    core = {"pypowerwall_core.commands"}
    seen = imports(ROOT / f"pypowerwall_core/cli/{name}.py") - {"collections.abc"}
    assert seen <= PURE_IMPORTS | core | {"datetime"}


def test_core_never_imports_the_proxy() -> None:
    for path in (ROOT / "pypowerwall_core").rglob("*.py"):
        assert not {name for name in imports(path) if name.split(".")[0] == "proxy"}, path


def test_only_the_demo_and_the_command_know_the_simulator() -> None:
    knowing = {
        str(path.relative_to(ROOT))
        for path in sources()
        if path.parts[len(ROOT.parts)] != "simulator"
        and any(name.split(".")[0] == "simulator" for name in imports(path))
    }
    assert knowing == {"proxy/demo.py", "proxy/cli.py"}


def test_the_simulator_knows_nothing_of_what_it_tests_but_the_wire() -> None:
    for path in (ROOT / "simulator").rglob("*.py"):
        ours = {n for n in imports(path) if n.split(".")[0] in ("proxy", "pypowerwall_core")}
        assert ours <= {"pypowerwall_core.backends.local.tesla_pb2"}, path


@pytest.mark.parametrize("name", CLOUD_PURE)
def test_what_the_simulated_cloud_tells_is_given_its_clock(name: str) -> None:
    seen = imports(ROOT / f"simulator/cloud/{name}.py")
    assert not seen & {"os", "random", "secrets", "socket", "ssl", "threading", "time"}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= FILE_MOST
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_MOST, node.name


def test_importing_has_no_effect() -> None:
    """No module reads the environment, opens or configures anything at import."""
    for path in sources():
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
                continue
            called = ast.unparse(node.value.func)
            assert called in {"urllib3.disable_warnings", "sys.exit"}, f"{path}: {called}"
