"""The page people leave open, and its files."""

from __future__ import annotations

from proxy.rows import HTML_TYPE, NOBODY, Family, Page

_FOLDER = "/page/{file}"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml; charset=utf-8",
}
_FILES = (
    "alerts.js",
    "api.js",
    "boot.js",
    "commands.js",
    "curves.js",
    "details.js",
    "devices.js",
    "dom.js",
    "example.css",
    "facts.js",
    "feed.js",
    "flow.css",
    "flows.js",
    "formats.js",
    "geometry.js",
    "glyphs.js",
    "house.js",
    "icon-192.png",
    "icon.svg",
    "now.js",
    "picture.js",
    "settings.js",
    "shell.css",
    "shell.js",
    "status.js",
    "themes.css",
    "trouble.js",
    "words.js",
)
"""Named one by one: what lies in the folder besides is not served."""

DOCUMENTS = (
    Page(
        "/",
        "The page: what the house does now, as it changes.",
        "index.html",
        HTML_TYPE,
        view="now",
    ),
    Page(
        "/status",
        "The page: the connection, and the road to the gateway.",
        "status.html",
        HTML_TYPE,
        view="status",
    ),
    Page(
        "/devices",
        "The page: gateway, Powerwalls and strings.",
        "devices.html",
        HTML_TYPE,
        view="devices",
    ),
    Page(
        "/settings",
        "The page: reserve, mode and what else commands change; it refuses to be framed.",
        "settings.html",
        HTML_TYPE,
        NOBODY,
        view="settings",
    ),
    Page("/example.html", "The page in frames of another page.", "example.html", HTML_TYPE),
    Page(
        "/manifest.webmanifest",
        "How a phone or tablet installs the page.",
        "manifest.webmanifest",
        "application/manifest+json",
    ),
    Page("/page.css", "Style of `/help` and `/docs`.", "page.css", _TYPES["css"]),
)
ASSETS = Family(
    _FOLDER,
    "Scripts, styles and pictures of the page.",
    {
        name: Page(
            _FOLDER.format(file=name),
            f"File of the page: {name}.",
            f"page/{name}",
            _TYPES[name.rpartition(".")[2]],
        )
        for name in _FILES
    },
)
PAGES: tuple[Page, ...] = (
    *DOCUMENTS,
    *(page for page in ASSETS.members.values() if isinstance(page, Page)),
)
