"""The files of the page: read once, told how they may be framed and what they may load."""

from __future__ import annotations

from functools import cache
from importlib import resources

from falcon.asgi import Request, Response

from .desk import Desk
from .endpoints import Body, Headers, etag_of, send
from .rows import NOBODY, Page

KEPT_TYPES = ("image/svg+xml", "image/png")
"""What browsers may keep for PW_BROWSER_CACHE; never what an update would mix with new files."""
_SHELL = "shell.html"
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "frame-src 'self'",  # example.html shows the page in a frame
    "base-uri 'none'",
    "form-action 'none'",
)


def security(frames: str) -> Headers:
    """Return the headers of a page that may be framed by `frames` (CSP, frame-ancestors).

    Dashboards show the page in a frame of theirs; where commands are given, a frame could have
    somebody press what they do not see.
    """
    policy = "; ".join((*_POLICY, f"frame-ancestors {frames}"))
    headers = (
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )
    # Browsers that do not know frame-ancestors know this.
    return (*headers, ("X-Frame-Options", "DENY")) if frames == NOBODY else headers


def view_in_shell(shell: str, view: str, body: str, style: str) -> str:
    """Return the document of a view.

    The style is in the document itself, so that its first paint has it.
    """
    here = f'data-view="{view}"'
    shell = shell.replace(here, f'{here} aria-current="page"')
    shell = shell.replace("{style}", style).replace("{view}", view)
    return shell.replace("{body}", body)


def _file(name: str) -> bytes:
    return resources.files("proxy").joinpath("web", name).read_bytes()


@cache
def _data(page: Page, style: str) -> bytes:
    if not page.view:
        return _file(page.file)
    shell, body = _file(_SHELL).decode(), _file(page.file).decode()
    return view_in_shell(shell, page.view, body, style).encode()


class PageEndpoint:
    """Serves a file of the page."""

    def __init__(self, page: Page, desk: Desk) -> None:
        data = _data(page, desk.settings.style)
        self._type = page.content_type
        self._headers = (*desk.marks, *security(page.frames))
        bare = page.content_type.partition(";")[0]
        self._body = Body((), data, etag_of(data), known=True)
        kept_s = desk.settings.browser_cache_s
        is_kept = kept_s > 0 and bare in KEPT_TYPES
        self._caching = f"max-age={kept_s}" if is_kept else "no-cache"

    async def on_get(self, request: Request, response: Response) -> None:
        """Answer with the file."""
        send(request, response, self._body, self._headers, self._type)
        response.set_header("Cache-Control", self._caching)

    on_head = on_get
