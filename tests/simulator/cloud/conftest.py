"""Clients of the cloud that verify as any client does, and speak either HTTP."""

import base64
import hashlib
import http.client
import json
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset

from simulator.cloud import CloudSimulator

CALLBACK = "tesla://auth/callback"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def response(self) -> Any:
        return self.document["response"]


def trusting(ca_pem: str, *protocols: str, tls: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca_pem)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    if tls is not None:
        context.minimum_version = context.maximum_version = tls
    return context


class PlainTalk:
    """HTTP/1.1 on one connection."""

    def __init__(self, cloud: CloudSimulator, tls: ssl.TLSVersion | None = None) -> None:
        self._connection = http.client.HTTPSConnection(
            cloud.host, cloud.port, timeout=20, context=trusting(cloud.ca_pem, tls=tls)
        )

    def send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        try:
            self._connection.request(method, target, body, dict(headers))
            response = self._connection.getresponse()
            named = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, named, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()


class Gone(ConnectionResetError):
    """The other side said GOAWAY, took the stream back, or closed."""


@dataclass
class _Stream:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False


class FramedTalk:
    """HTTP/2 on one connection; requests may be sent together and awaited later."""

    def __init__(
        self,
        cloud: CloudSimulator,
        tls: ssl.TLSVersion | None = None,
        *,
        acknowledge: bool = True,
    ) -> None:
        context = trusting(cloud.ca_pem, "h2", tls=tls)
        plain = socket.create_connection((cloud.host, cloud.port), timeout=20)
        self._socket = context.wrap_socket(plain, server_hostname=cloud.host)
        self.protocol = self._socket.selected_alpn_protocol()
        self.h2 = H2Connection()
        self.h2.initiate_connection()
        self.acknowledge = acknowledge
        self.gone = False
        self._authority = f"{cloud.host}:{cloud.port}"
        self._streams: dict[int, _Stream] = {}
        self.flush()

    def flush(self) -> None:
        self._socket.sendall(self.h2.data_to_send())

    def begin(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> int:
        stream = self.h2.get_next_available_stream_id()
        self._streams[stream] = _Stream()
        pseudo = {":method": method, ":path": target, ":scheme": "https"}
        fields = {**pseudo, ":authority": self._authority, **headers}
        self.h2.send_headers(stream, list(fields.items()), end_stream=body is None)
        if body is not None:
            self._send_body(stream, body)
        self.flush()
        return stream

    def _send_body(self, stream: int, body: bytes) -> None:
        while True:
            window = self.h2.local_flow_control_window(stream)
            room = min(window, self.h2.max_outbound_frame_size)
            part, body = body[:room], body[room:]
            self.h2.send_data(stream, part, end_stream=not body)
            self.flush()
            if not body:
                return
            while self.h2.local_flow_control_window(stream) <= 0:
                self.read()

    def read_on(self) -> None:
        """Read to the end, which is an error."""
        while True:
            self.read()

    def await_reply(self, stream: int) -> Reply:
        wanted = self._streams[stream]
        while not wanted.ended:
            self.read()
        return Reply(wanted.status, wanted.headers, bytes(wanted.body))

    def read(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise Gone
        for event in self.h2.receive_data(data):
            self._note(event)
        self.flush()

    def _note(self, event: Any) -> None:
        match event:
            case ResponseReceived():
                fields = {_text(name): _text(value) for name, value in event.headers}
                one = self._streams[event.stream_id]
                one.status, one.headers = int(fields.pop(":status")), fields
            case DataReceived():
                self._streams[event.stream_id].body += event.data
                if self.acknowledge:
                    length = event.flow_controlled_length
                    self.h2.acknowledge_received_data(length, event.stream_id)
            case StreamEnded():
                self._streams[event.stream_id].ended = True
            case StreamReset():
                raise Gone
            case ConnectionTerminated():
                self.gone = True

    def send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        return self.await_reply(self.begin(method, target, body, headers))

    def close(self) -> None:
        self._socket.close()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class Person:
    """Somebody with a client: it logs in as the app does, and asks with what it got."""

    def __init__(self, cloud: CloudSimulator, talk: PlainTalk | FramedTalk) -> None:
        self.cloud = cloud
        self.talk = talk
        self.tokens: dict[str, Any] = {}
        self.verifier = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")

    def ask(
        self, target: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Reply:
        token = self.tokens.get("access_token")
        named = {"authorization": f"Bearer {token}"} if token else {}
        return self.talk.send(method, target, body, {**named, **headers})

    def site(self, name: str, site_id: int | None = None) -> Reply:
        return self.ask(f"/api/1/energy_sites/{site_id or self.cloud.site_id}/{name}")

    def write(self, name: str, **fields: Any) -> Reply:
        path = f"/api/1/energy_sites/{self.cloud.site_id}/{name}"
        return self.ask(path, "POST", json.dumps(fields).encode())

    def authorize_path(self, **changed: str) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": "ownerapi",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email offline_access",
            "state": "s 1",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"/oauth2/v3/authorize?{urlencode(query | changed)}"

    def code(self, **changed: str) -> str:
        fields = {"identity": self.cloud.email, "credential": "any"}
        reply = self.post_form(self.authorize_path(**changed), **fields)
        assert reply.status == 302
        return parse_qs(urlsplit(reply.headers["location"]).query)["code"][0]

    def post_form(self, path: str, **fields: str) -> Reply:
        return self.talk.send("POST", path, urlencode(fields).encode(), FORM)

    def token(self, **fields: str) -> Reply:
        return self.post_form("/oauth2/v3/token", **{"client_id": "ownerapi", **fields})

    def exchange(self, **changed: str) -> Reply:
        fields = {"code_verifier": self.verifier, "redirect_uri": CALLBACK} | changed
        return self.token(grant_type="authorization_code", code=self.code(), **fields)

    def login(self) -> None:
        reply = self.exchange()
        assert reply.status == 200
        self.tokens = reply.document

    def refresh(self, token: str | None = None) -> Reply:
        return self.token(
            grant_type="refresh_token", refresh_token=token or self.tokens["refresh_token"]
        )

    def renew(self) -> None:
        reply = self.refresh()
        assert reply.status == 200
        self.tokens |= reply.document


@pytest.fixture
def start_cloud(stack: ExitStack) -> Callable[..., CloudSimulator]:
    def run(**options: Any) -> CloudSimulator:
        return stack.enter_context(CloudSimulator(**options))

    return run


@pytest.fixture
def cloud(start_cloud: Callable[..., CloudSimulator]) -> CloudSimulator:
    return start_cloud(frozen=True)


@pytest.fixture
def meet(stack: ExitStack) -> Callable[..., Person]:
    """Connect somebody: by HTTP/1.1, or by HTTP/2 where that is said."""

    def connect(cloud: CloudSimulator, *, h2: bool = False, **options: Any) -> Person:
        talk = FramedTalk(cloud, **options) if h2 else PlainTalk(cloud, **options)
        stack.callback(talk.close)
        return Person(cloud, talk)

    return connect


@pytest.fixture
def guest(cloud: CloudSimulator, meet: Callable[..., Person]) -> Person:
    return meet(cloud)


@pytest.fixture
def owner(guest: Person) -> Person:
    guest.login()
    return guest
