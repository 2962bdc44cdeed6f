"""What old clients ask for, and how they read it: one function or list for each of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .served import Reply, Served, request
from .shell import curl, grep_o, sed

PAGE_READS = {
    "/api/meters/aggregates": ("load", "solar", "battery", "site"),
    "/api/system_status/soe": ("percentage",),
    "/api/system_status/grid_status": ("grid_status", "grid_services_active"),
    "/api/sitemaster": ("running", "connected_to_tesla", "power_supply_mode", "can_reboot"),
    "/api/powerwalls": ("powerwalls",),
    "/api/troubleshooting/problems": ("problems",),
    "/api/auth/toggle/supported": ("toggle_auth_supported",),
}

# It swaps the two paths of the level on purpose: it wants the gateway's scale.
PWSTATUS = ("/api/system_status/grid_status", "/soe", "/api/status")

HOME_ASSISTANT = (
    *("/aggregates", "/vitals", "/health", "/json", "/version", "/api/operation"),
    *("/api/system_status", "/api/sitemaster", "/pod", "/api/troubleshooting/problems", "/stats"),
    *("/control/grid_charging", "/control/grid_export", "/control/max_backup"),
)

CACHED = ("/aggregates", "/soe", "/strings", "/freq", "/fans/pw", "/version")

TELEGRAF = (
    *("/aggregates", "/soe", "/strings", "/temps/pw"),
    *("/freq", "/pod", "/fans/pw", "/alerts/pw"),
)


def at_once(served: Served, paths: tuple[str, ...], **headers: str) -> dict[str, Reply]:
    """Ask for all at the same time, each on a connection of its own."""
    with ThreadPoolExecutor(len(paths)) as pool:
        replies = pool.map(lambda path: request(served.port, path, headers), paths)
        return dict(zip(paths, replies, strict=True))


def cut_stats(body: str) -> dict[str, str]:
    """Cut as verify.sh does; a key that was there twice would be cut at the wrong place."""
    cut = {}
    for name in ("pypowerwall", "site_name", "cloudmode", "siteid", "tedapi"):
        (found,) = grep_o(f'"{name}":[^,}}]*', body)
        cut[name] = sed('"[a-z_]*": *"?([^"]*)"?', found)
    cut["tedapi_mode"] = sed('"tedapi_mode":"([^"]*)"', body)
    return cut


def kept(served: Served) -> set[str]:
    """What a caching proxy in front keeps: objects, and a table of five columns and more."""
    answers = at_once(served, (*CACHED, "/csv/v2"))
    objects = {path for path in CACHED if isinstance(answers[path].document, dict)}
    is_table = answers["/csv/v2"].body.count(b",") >= 4
    return objects | ({"/csv/v2"} if is_table else set())


def grid_is_down(served: Served) -> bool:
    """Read as GridGuard does, which stops charging the car; what it cannot read is online."""
    answer = curl(served.port, "/csv/v2")
    try:
        return int(float(answer.output.split(",")[5])) == 0
    except (IndexError, ValueError):
        return False


def ask_1_0(served: Served, path: str, keeps: bytes) -> tuple[bytes, bytes]:
    """Ask without a Host, read as long as was said, and then the end of the connection."""
    head, body = b"", b""
    with served.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n".encode() + keeps + b"\r\n")
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, _, body = head.partition(b"\r\n\r\n")
        (length,) = [int(one[15:]) for one in head.lower().splitlines() if b"content-length" in one]
        while len(body) < length:
            body += connection.recv(65536)
        assert keeps or connection.recv(1) == b""
    return head.split(b"\r\n")[0].split(b" ", 1)[1], body
