"""The samples: what is answered to each request, told once where several are answered alike.

In the file, the name of a type stands for the schema that says no more than it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import Any

from .parts import Json, ref

USUAL = "simulated system pw2"
"""What an example that does not say so is taken from."""


def samples() -> Json:
    """Read the examples and schemas; only who reads the description waits for them."""
    data = resources.files("proxy").joinpath("samples.json").read_bytes()
    found: Json = json.loads(data)
    return found


class Told:
    """The samples by request: a path, perhaps with a flag, or `POST` and a path."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._shared: Json = found["schemas"]
        self._routes: Mapping[str, Json] = found["routes"]

    def schemas(self) -> Json:
        """Return the schema of every answer by name, and those that they share."""
        own = {named(request): sample["schema"] for request, sample in self._own()}
        return {name: _whole(schema) for name, schema in (self._shared | own).items()}

    def examples(self) -> Json:
        """Return an example of every answer by name."""
        return {
            named(request): {"summary": sample.get("summary", USUAL), "value": sample["example"]}
            for request, sample in self._own()
        }

    def media(self, *requests: str) -> Json:
        """Return what is known of the body that a route answers; nothing if it was never asked."""
        names = dict.fromkeys(self.like(r) for r in requests if r in self._routes)
        if not names:
            return {}
        schemas = [ref("schemas", named(name)) for name in names]
        examples: Json = {}
        for name in names:
            examples[named(name)] = ref("examples", named(name))
            if "unknown" in (sample := self._routes[name]):
                unknown = {"summary": "while nothing is known", "value": sample["unknown"]}
                examples["unknown"] = unknown
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        return {"schema": schema, "examples": examples}

    def like(self, request: str) -> str:
        """Return the request under which the answer to this one is told."""
        like: str = self._routes.get(request, {}).get("like", request)
        return like

    def _own(self) -> Iterable[tuple[str, Json]]:
        return ((name, sample) for name, sample in self._routes.items() if "like" not in sample)


def within(schema: Json, turn: Callable[[Any], Any]) -> Json:
    """Return a schema with each schema inside it turned into another."""
    return {key: _TURNS.get(key, _kept)(part, turn) for key, part in schema.items()}


def _whole(schema: Any) -> Json:
    return {"type": schema} if isinstance(schema, str | list) else within(schema, _whole)


def _kept(part: Any, turn: Callable[[Any], Any]) -> Any:  # noqa: ARG001 - a turn's signature
    return part


def _turned(part: Any, turn: Callable[[Any], Any]) -> Any:
    return turn(part)


def _each(part: Any, turn: Callable[[Any], Any]) -> Any:
    return [turn(schema) for schema in part]


def _each_value(part: Any, turn: Callable[[Any], Any]) -> Any:
    return {name: turn(schema) for name, schema in part.items()}


_TURNS = {
    "properties": _each_value,
    "patternProperties": _each_value,
    "additionalProperties": _turned,
    "items": _turned,
    "anyOf": _each,
    "allOf": _each,
}
"""The keys of a schema that hold others."""


def named(request: str) -> str:
    """Name a request for operations and components: `/temps/pw` is TempsPw."""
    words = re.split(r"[^a-zA-Z0-9]+", request)
    return "".join(word[:1].upper() + word[1:] for word in words) or "Index"
