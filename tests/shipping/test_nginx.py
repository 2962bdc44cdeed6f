"""examples/nginx.conf in a real nginx, before a real proxy: everything below a path."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
from support import examples
from support.served import Reply, free_port, request, until
from support.shipped import Boxed, Shipped, as_stranger, boxed

HOST = "solar.example.org"
UNDER = "/powerwall"
MAIN = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    {temporary}
    include {site};
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(folder: Path, port: int, upstream: int) -> Iterator[None]:
    """The example, on other ports than its own; gone when the `with` ends."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian has it in the package nginx-light)")
    site, main = folder / "site.conf", folder / "nginx.conf"
    told = examples.text("nginx.conf")
    ours = told.replace("listen 80;", f"listen 127.0.0.1:{port};").replace(
        "127.0.0.1:8675;", f"127.0.0.1:{upstream};"
    )
    assert str(port) in ours
    assert str(upstream) in ours
    site.write_text(ours, "utf-8")
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    main.write_text(MAIN.format(folder=folder, site=site, temporary=temporary), "utf-8")
    with (
        (folder / "stderr").open("wb") as errors,
        subprocess.Popen([program, "-e", "stderr", "-c", main], stderr=errors) as process,  # noqa: S603
    ):
        try:
            yield
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def front(shipped: Shipped, app: Path, tmp_path: Path) -> Iterator[tuple[int, Boxed]]:
    # What the example tells to put into powerwall.env.
    settings = dict(re.findall(r"^#   (\w+)=(\S+)$", examples.text("nginx.conf"), re.MULTILINE))
    assert settings == {"PROXY_BASE_URL": UNDER, "PW_ALLOWED_HOSTS": HOST}
    command = (*as_stranger(), shipped.powerwall, "serve", "--demo")
    port = free_port()
    with boxed(shipped, app, command, settings) as box, nginx(tmp_path, port, box.port):
        until(lambda: answers(port))
        yield port, box


def answers(port: int) -> bool:
    try:
        return "percentage" in get(port, f"{UNDER}/soe").body.decode()
    except OSError:
        return False


def get(port: int, path: str) -> Reply:
    return request(port, path, {"Host": HOST})


def test_the_page_and_all_it_loads_are_below_the_path(front: tuple[int, Boxed]) -> None:
    port, _ = front
    bare = get(port, UNDER)
    assert (bare.status, bare.headers["Location"]) == (301, f"http://{HOST}:{port}{UNDER}/")
    asked = get(port, f"{UNDER}?kiosk=1&token=T").headers["Location"]
    assert asked == f"http://{HOST}:{port}{UNDER}/?kiosk=1&token=T"
    page = get(port, f"{UNDER}/")
    assert page.status == 200
    loaded = re.findall(r'<(?:link|script|img)[^>]* (?:href|src)="([^"#]+)"', page.body.decode())
    assert loaded
    for link in loaded:
        path = urljoin(f"{UNDER}/", link)
        assert path.startswith(f"{UNDER}/"), link
        assert get(port, path).status == 200, link


@pytest.mark.parametrize("path", ["/aggregates", "/api/v1/state", "/metrics", "/stats", "/docs"])
def test_routes_answer_below_the_path_and_nowhere_else(front: tuple[int, Boxed], path: str) -> None:
    port, _ = front
    assert get(port, UNDER + path).status == 200
    assert get(port, path).status == 404


def test_strangers_do_not_speak_as_the_machine_itself(front: tuple[int, Boxed]) -> None:
    port, box = front
    assert request(box.port, "/stats/clear").status == 200
    assert get(port, f"{UNDER}/stats/clear").status == 403


def test_a_live_stream_comes_line_by_line(front: tuple[int, Boxed]) -> None:
    port, _ = front
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"{UNDER}/events", headers={"Host": HOST})
    with closing(connection), connection.getresponse() as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
        assert b":" in stream.readline()


def test_paths_arrive_byte_for_byte(front: tuple[int, Boxed]) -> None:
    port, _ = front
    for path in ("/%73oe", "/a/../soe", "//soe"):
        assert get(port, UNDER + path).status in (400, 404), path
