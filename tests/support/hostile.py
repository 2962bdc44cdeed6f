"""Conversations no honest client has: one grammar, for hypothesis and, in bulk, for a seed.

Everything is drawn from a `random.Random`. Hypothesis brings one that shrinks (`st.randoms`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from proxy.connections import HEAD_MOST
from proxy.routes import COMMANDS as COMMAND_ROWS
from proxy.routes import PAGES, PATHS, STREAMS

ROUTES = tuple(p.encode() for p in PATHS if p not in {row.path for row in STREAMS})
"""Those whose answers end by themselves."""
COMMANDS = {row.path.encode() for row in COMMAND_ROWS}
"""Take POST as well, and refuse it as long as commands are disabled."""
STILL = (*(page.path.encode() for page in PAGES), b"/healthz", b"/health", b"/soe")
"""Routes that ask nothing of the gateway once /soe is known."""
ACTING = (
    b"/api/sitemaster/stop",
    b"/api/sitemaster/run",
    b"/api/config/completed",
    b"/api/logout",
    b"/api/powerwalls/update",
    b"/api/operation",
    b"/api/login/Basic",
    b"/api/system/update/start",
    b"/control/mode",
)
"""What would change something if it ever reached a gateway."""

READS, TAKEN = ("GET", "HEAD"), ("POST", "PUT", "DELETE", "PATCH", "TRACE")
STRANGE_METHODS = (
    "get",
    "FROB",
    "PRI",
    "CONNECT",
    "PURGE",
    "M-SEARCH",
    "QUERY",
    "",
    "\0",
    "G\xcbT",
)
LONG = (1000, 8000)
TARGET_MOST = 8 * 1024
TOO_LONG = (HEAD_MOST, 64 * 1024)
SMUGGLED = b"GET /api/sitemaster/stop HTTP/1.1\r\nHost: smuggled\r\n\r\n"

# Bytes that a parser lets pass, so that the application has to refuse what they make ...
PASSING = tuple(
    b"// /./ /../ . .. %2e%2e %2e %2F %2f %00 %0d%0a %ff %c3%a9 %25%32%65 % %zz ; ;x=1 \\ \\.. {x}"
    b" {path} ~ | ^ ` ' ( $ @ : :80 * + , = & a A /soe /api aggregates ..;/ %5c %u002e".split(b" ")
)
# ... and bytes that it does not, or that end the target where nobody expects it.
STOPPING = (b"\0", b" ", b"\t", b"\x7f", b"\xff", b"\xc3", b"\xc3\xb6", b"\xe2\x98\x83", b"\x1b[2J")
SCHEMES = (b"http", b"HTTPS", b"foo", b"file", b"ws", b"javascript", b"")
AUTHORITIES = tuple(
    b"test |a:80|a:99999|a@b|a:b@c:1|[::1]|[::1|[|]|..|%2e|a,b||*|a\\b|127.0.0.1:80".split(b"|")
)
PASSING_LINES = (
    *(b"Range: " + value for value in (b"bytes=0-1", b"bytes=-1,5-,x", b"lines=1", b"")),
    *(b"If-None-Match: " + value for value in (b"*x", b'"', b'W/"\xff", "', b"," * 99, b'W/W/""')),
    b"If-Modified-Since: \xff\xfe",
    b"Accept: \xff;q=\xff, */*;q=nan",
    b"Accept-Encoding: gzip;q=1e999, \x80",
    b"Cookie: \xff=\xff; a=b=c;;;" + b'"' * 9,
    b"Content-Type: \xff/json; charset=nothing",
    b"Authorization: Basic " + b"/" * 500,
    b"X-HTTP-Method-Override: DELETE",
    b"X-Original-URL: /api/sitemaster/stop",
    b"X-Rewrite-URL: /api/operation",
    b"X-Forwarded-For: ' OR 1=1 --, \xff",
    b"X-Forwarded-Prefix: /../..",
    b'Forwarded: for="[::1]:x;proto=\\"',
    b"Forwarded: host=" + b"," * 99,
    b"Content-Length: 0",
    b"TE: trailers, chunked",
    b"Origin: null",
    b"Connection: keep-alive, Host, TE",
    b"X:",
    b"!#$%&'*+-.^_`|~: \xf0\x9f\x94\x8b",
)
STOPPING_LINES = (
    b"Host: other",
    b"Host: test, other",
    b": nameless",
    b"X : blank before the colon",
    b"X Y: blank within",
    b" X: leading blank",
    b"nocolon",
    b"X: folded\r\n over lines",
    b"X: bare\nLF: here",
    b"X: bare\rCR: here",
    b"X: \0",
    b"\xff: \xff",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
    b"Expect: 200-ok",
    b"X: " + b"a" * (HEAD_MOST + 1),
    b"\r\n".join([b"X: a"] * 8000),
    b"\r\n".join(b"X-%d: a" % number for number in range(4000)),
)
LENGTHS = (
    b"Content-Length: 3\r\nContent-Length: 4",
    b"Content-Length: 3, 4",
    b"Content-Length: -1",
    b"Content-Length: +3",
    b"Content-Length: 3 3",
    b"Content-Length: \xb2",
    b"Content-Length: 99999999999999999999999",
    b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
)
"""Where a request ends is in dispute: what one server takes for a body, another may obey."""
CHUNKS = (
    b"g\r\nabc\r\n0\r\n\r\n",
    b"-1\r\nabc\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    b"3\nabc\n0\n\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n",
    b" 3\r\nabc\r\n0\r\n\r\n",
    b"0\r\nX: y\0\r\n\r\n",
)
GARBAGE = (
    b"\0\1\2\3\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /soe\r\n\r\n",
    b"GET /soe HTTP/0.9\r\nHost: a\r\n\r\n",
    b"GET /soe HTTP/1.1\r\n\r\n",
    b"GET /soe HTTP/2.0\r\nHost: a\r\n\r\n",
    b"GET /soe HTTP/1.10\r\nHost: a\r\n\r\n",
    b"GET /soe HTTP/1.1\nHost: a\n\n",
    b"GET /soe HTTP/1.1\rHost: a\r\r",
    b"GET\t/soe\tHTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET  /soe  HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS rtsp://a/soe RTSP/1.0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"\r\n" * 50,
    b"\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n",
    bytes(range(256)),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        sound: Its framing is beyond doubt, so it is answered and the connection goes on.
        disputed: Where it ends is in doubt, so nothing that follows may be obeyed.
    """

    data: bytes
    method: str = "GET"
    target: bytes = b""
    sound: bool = False
    disputed: bool = False

    def may(self, status: int) -> bool:
        """Whether a status is right for it."""
        if not self.sound and status in {400, 431}:
            return True
        if not self.sound and not self.target.startswith(b"/") and status == 404:
            return True  # whether the absolute form is known depends on the parser
        if path_of(self.target) not in ROUTES:
            return status == 404
        if self.method in READS:
            return status in {200, 304, 403}  # some are for those who know a secret
        if self.method == "POST" and path_of(self.target) in COMMANDS:
            return status == 400
        return status == (200 if self.method == "OPTIONS" else 405)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is sent on one connection, and how the client leaves it: see exchange."""

    asked: tuple[Asked, ...]
    leaves: str = "waits"

    @property
    def data(self) -> bytes:
        return b"".join(one.data for one in self.asked)

    @property
    def sure(self) -> int:
        """How many requests at the beginning are answered each in its turn."""
        doubtful = (place for place, one in enumerate(self.asked) if not one.sound)
        return next(doubtful, len(self.asked))

    @property
    def sound(self) -> bool:
        """Whether every request must be answered; the last one closes the connection."""
        return self.sure == len(self.asked)


def path_of(target: bytes) -> bytes:
    """The path a target names, byte for byte; our own reading, not the server's."""
    match = re.match(rb"[A-Za-z]+://[^/?#]*(/.*)", target, re.DOTALL)
    path = re.split(rb"[?#]", match[1] if match else target, maxsplit=1)[0]
    return path.strip(b" ")  # blanks around a target may be overlooked (RFC 9112, 3)


# -- targets --------------------------------------------------------------------------------


def _insert(random: Random, path: bytes, piece: bytes) -> bytes:
    place = random.randint(0, len(path))
    return path[:place] + piece + path[place:]


def _encoded(random: Random, path: bytes) -> bytes:
    place = random.randrange(len(path))
    form = random.choice((b"%%%02x", b"%%%02X", b"%%25%02x"))
    return path[:place] + form % path[place] + path[place + 1 :]


def _around(random: Random, path: bytes) -> bytes:
    before = random.choice(
        (b"/.", b"/..", b"//", b"/x/..", b"/soe/..", b"\\", b"/%2e%2e", b"/api/..")
    )
    return before + path


TWISTS: tuple[Callable[[Random, bytes], bytes], ...] = (
    lambda random, path: _insert(random, path, random.choice(PASSING)),
    lambda random, path: _insert(random, path, random.choice(PASSING)),
    _encoded,
    _around,
    lambda random, path: path + random.choice((b"/", b"//", b"/.", b"/..", b"%20", b";", b"%00")),
    lambda _, path: path.swapcase(),
    lambda _, path: path.replace(b"/", b"\\"),
    lambda _, path: path[1:] or b"x",
    lambda random, path: path + b"/" + b"a" * random.randint(*LONG),
)


def target(random: Random, routes: Sequence[bytes]) -> bytes:
    """A target that a parser passes on; begins with / unless that was twisted away."""
    path = random.choice((random.choice(routes), random.choice(ROUTES), random.choice(ACTING)))
    wanted = path in routes and random.random() < 0.3
    for _ in range(0 if wanted else random.randint(1, 3)):
        path = random.choice(TWISTS)(random, path)
    path = path[:TARGET_MOST]  # twisted long three times over it would be too long for a head
    if not path.startswith(b"/"):
        path = b"/" + path
    if path_of(path) in ROUTES and path_of(path) not in routes:
        path = path.replace(b"?", b"") + b"/"  # a twist came out as a route: not one of these
    query = b"?" + random.choice(PASSING) * random.choice((1, 1, 1, 3000))
    return (path + random.choice((b"", b"", b"", b"?", query)))[: 3 * TARGET_MOST]


def _stopping_target(random: Random, routes: Sequence[bytes]) -> bytes:
    # Absolute, a route is a route: /api/operation is read by GET.
    path = random.choice((*routes, *(path for path in ACTING if path not in ROUTES)))
    absolute = b"%s://%s%s" % (random.choice(SCHEMES), random.choice(AUTHORITIES), path)
    long = path + random.choice((b"/", b"?", b"%2e", b"../")) * random.randint(*TOO_LONG)
    stopped = _insert(random, path, random.choice(STOPPING))
    return random.choice((absolute, absolute, stopped, stopped, long, b"*", b"", path[1:]))


# -- requests -------------------------------------------------------------------------------


def _head(method: str, where: bytes, lines: Sequence[bytes]) -> bytes:
    first = method.encode("latin-1") + b" " + where + b" HTTP/1.1"
    return b"\r\n".join((first, *lines)) + b"\r\n\r\n"


def _lines(random: Random) -> list[bytes]:
    lines = [b"Host: test", *random.sample(PASSING_LINES, random.randint(0, 4))]
    if random.random() < 0.05:
        lines += [b"X-%d: a" % number for number in range(random.randint(100, 500))]
    random.shuffle(lines)
    return lines


def sound(random: Random, routes: Sequence[bytes], *more: bytes) -> Asked:
    """A request of the plainest framing, odd in everything else."""
    where, lines = target(random, routes), [*_lines(random), *more]
    method = random.choice((*READS, *READS, *TAKEN, "OPTIONS"))
    body = b""
    if method in TAKEN and b"Content-Length: 0" not in lines:
        body = random.choice((b"", b'{"real_mode": "backup"}', SMUGGLED, b"\0\r\n\r\n"))
        length = b"Content-Length: %d" % len(body)
        if body and random.random() < 0.3:
            length, body = (
                b"Transfer-Encoding: chunked",
                b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
            )
        lines += [length, *random.choice(((), (), (b"Expect: 100-continue",)))]
    return Asked(_head(method, where, lines) + body, method, where, sound=True)


def _strange_head(random: Random, routes: Sequence[bytes]) -> Asked:
    where = random.choice((target, _stopping_target))(random, routes)
    method = random.choice((*READS, *READS, "OPTIONS", "POST"))
    lines = [*_lines(random), random.choice(STOPPING_LINES), b"Connection: close"]
    return Asked(_head(method, where, lines), method, where)


def _strange_target(random: Random, routes: Sequence[bytes]) -> Asked:
    where, method = _stopping_target(random, routes), random.choice(READS)
    return Asked(_head(method, where, (*_lines(random), b"Connection: close")), method, where)


def _strange_method(random: Random, routes: Sequence[bytes]) -> Asked:
    where, method = target(random, routes), random.choice(STRANGE_METHODS)
    return Asked(_head(method, where, (*_lines(random), b"Connection: close")), method, where)


def _disputed(random: Random, routes: Sequence[bytes]) -> Asked:
    where, method = target(random, routes), random.choice((*READS, *TAKEN))
    if random.random() < 0.4:
        lines, body = [b"Host: test", b"Transfer-Encoding: chunked"], random.choice(CHUNKS)
    else:
        lines, body = [b"Host: test", random.choice(LENGTHS)], b"0\r\n\r\n"
    data = _head(method, where, lines) + body + SMUGGLED
    return Asked(data, method, where, disputed=True)


def _cut_short(random: Random, routes: Sequence[bytes]) -> Asked:
    whole = sound(random, routes)
    data = whole.data[: random.randrange(1, len(whole.data))]
    return Asked(data, whole.method, whole.target)


def _garbage(random: Random, _: Sequence[bytes]) -> Asked:
    data = random.choice((*GARBAGE, random.randbytes(random.randint(1, 300))))
    return Asked(data, target=b"/soe" if b"/soe" in data else b"")


STRANGE = (_strange_head, _strange_target, _strange_method, _disputed, _cut_short, _garbage)


def conversation(random: Random, routes: Sequence[bytes] = ROUTES, most: int = 4) -> Conversation:
    """A few requests of sound framing, and mostly one that is worse at the end."""
    asked = [sound(random, routes) for _ in range(random.randint(0, most))]
    if random.random() < 0.25:
        return Conversation((*asked, sound(random, routes, b"Connection: close")))
    asked.append(random.choice(STRANGE)(random, routes))
    asked += [sound(random, routes) for _ in range(random.choice((0, 0, 1)))]
    leaves = random.choice(("waits", "waits", "waits", "waits", "half-closes", "leaves", "resets"))
    return Conversation(tuple(asked), leaves)
