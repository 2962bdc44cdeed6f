"""A request to the cloud, whatever it came by, and how the cloud words a refusal. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from simulator.wire import Answer, json_answer

AUTHORIZE_PATH: Final = "/oauth2/v3/authorize"
TOKEN_PATH: Final = "/oauth2/v3/token"  # noqa: S105 - a path
LOGOUT_PATH: Final = "/oauth2/v3/logout"
VOID_PATH: Final = "/void/callback"
PRODUCTS_PATH: Final = "/api/1/products"
SITES_PATH: Final = "/api/1/energy_sites/"
FORM_TYPE: Final = "application/x-www-form-urlencoded"

HTTP_1: Final = "1.1"
HTTP_2: Final = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, as far as answers depend on it.

    Attributes:
        http: `1.1` or `2`.
        tls: As the ssl module names it: `TLSv1.3`.
        first: No other request came before it on its connection.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    http: str
    tls: str
    first: bool

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query; of several values of one name, the last."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form in the body; none where it is said to be something else."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != FORM_TYPE:
            return {}
        text = self.body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    @property
    def bearer(self) -> str:
        """The access token it shows, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


def is_api(path: str) -> bool:
    """Say whether a path is the Owner API's, not the login's."""
    return path.startswith("/api/")


def split_site(path: str) -> tuple[int, str] | None:
    """Read `/api/1/energy_sites/ID/NAME`; None for every other path."""
    if not path.startswith(SITES_PATH):
        return None
    number, _, name = path.removeprefix(SITES_PATH).partition("/")
    # Digits of other scripts are numbers to Python alone.
    if not number.isascii() or not number.isdigit() or len(number) > 19:  # noqa: PLR2004 - of 64 bits
        return None
    return int(number), name


def told(payload: Any, **more: Any) -> Answer:
    """Wrap a payload as every answer of the Owner API is."""
    return json_answer({"response": payload, **more})


def api_error(
    status: int,
    error: str,
    description: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """Word a refusal of the Owner API."""
    document = {"response": None, "error": error, "error_description": description}
    return json_answer(document, status, headers)


def oauth_error(error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> Answer:
    """Word a refusal of the login."""
    return json_answer({"error": error, "error_description": description}, status)


SUNSET: Final = "forbidden, see https://developer.tesla.com/docs/fleet-api"
REFUSED: Final = api_error(HTTPStatus.FORBIDDEN, SUNSET)
UNAUTHORIZED: Final = api_error(HTTPStatus.UNAUTHORIZED, "invalid bearer token")
GONE: Final = api_error(HTTPStatus.NOT_FOUND, "not_found")
UPDATED: Final = told({"code": 201, "message": "Updated"})
