"""What POST does: the fields of a command, and what may become of it."""

from __future__ import annotations

from proxy.control.answers import UNKNOWN
from proxy.control.body import BODY_MOST
from proxy.control.denied import DISABLED, INVALID
from proxy.control.endpoint import KEY_MOST
from proxy.control.fields import TOKEN
from proxy.control.tokens import INVALID_TOKEN
from proxy.control.wishes import FOR
from proxy.rows import JSON_TYPE, Command
from proxy.settings import Settings

from .parts import REFUSALS, TEXT, Json, Refusal, header_refs, ref, refusal_of, summary
from .told import Told

FORM_TYPE = "application/x-www-form-urlencoded"
OUTCOMES = {
    200: "Applied: it reads back as requested. Where there is nothing to change, how it is set.",
    202: "Pending: it does not read back yet; `/api/v1/commands` tells when it does.",
}
_FAILED = "Failed to set reserve"
DENIALS = {
    400: Refusal("CommandInvalid", "No command that can be given; nothing was sent.", INVALID),
    401: Refusal(
        "CommandUnauthorized",
        "The control token was not shown, or another one.",
        INVALID_TOKEN,
        ("WWW-Authenticate",),
    ),
    403: Refusal(
        "CommandForbidden",
        "Our role, or a setting, does not allow it; nothing was changed.",
        _FAILED,
    ),
    409: Refusal("CommandRejected", "Nothing was changed; `reason` says why.", _FAILED),
    413: Refusal("CommandTooLong", f"The body has more than {BODY_MOST} bytes.", INVALID),
    429: REFUSALS[429],
    504: Refusal(
        "CommandUnknown",
        "Sent, and nothing proves what became of it; it is not sent again.",
        UNKNOWN,
    ),
}
CLOSED = {400: Refusal("CommandsDisabled", "PW_CONTROL_SECRET is not set.", DISABLED)}
PARAMETERS: Json = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A command that comes again under the same key is not given again.",
        "schema": {**TEXT, "maxLength": KEY_MOST},
    }
}


def operation(command: Command, told: Told, settings: Settings) -> Json:
    """Describe a command; while there are none, it is refused."""
    outcomes = OUTCOMES if settings.control_secret else {}
    content = {"content": {JSON_TYPE: told.media(f"POST {command.path}")}}
    headers = {"headers": header_refs(("Cache-Control",))}
    answers = {
        str(status): {"description": says, **headers, **content}
        for status, says in outcomes.items()
    }
    denials = {
        str(status): ref("responses", denial.name) for status, denial in _denials(settings).items()
    }
    return {
        "summary": summary(command.says),
        "description": command.says,
        # The token may be a field as well.
        **({"security": [{"bearer": []}, {}]} if settings.control_secret else {}),
        "parameters": [ref("parameters", "IdempotencyKey")],
        "requestBody": {"required": True, "content": _body(command)},
        "responses": answers | denials,
    }


def responses(settings: Settings) -> Json:
    """Return the answers that commands share."""
    return {denial.name: refusal_of(denial) for denial in _denials(settings).values()}


def _denials(settings: Settings) -> dict[int, Refusal]:
    return DENIALS if settings.control_secret else CLOSED


def _body(command: Command) -> Json:
    properties: Json = {name: {"description": says} for name, says in command.fields.items()}
    properties[FOR] = {"description": "For how long, such as 2h; then it is put back."}
    properties[TOKEN] = {**TEXT, "description": "The control token, where no bearer shows it."}
    schema: Json = {"type": "object", "properties": properties}
    if command.is_strict:
        schema["additionalProperties"] = False
    example = {"example": dict(command.example)} if command.example else {}
    return {content_type: {"schema": schema, **example} for content_type in (JSON_TYPE, FORM_TYPE)}
