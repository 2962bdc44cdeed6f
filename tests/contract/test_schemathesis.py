"""Schemathesis reads /openapi.json and asks for all it describes: no answer is a surprise.

It is imported by the tests, not by this module: every test process collects all modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from support.commander import SECRET, Commanded
from support.desk import HERE
from support.golden import NOTHING, application, client

from proxy.openapi import document, samples
from proxy.routes import COMMANDS, ROUTES, STREAMS
from proxy.settings import read_settings

if TYPE_CHECKING:
    from schemathesis import Case
    from schemathesis.schemas import BaseSchema

# That a status is described says more than that it is no server error: /csv is 503 by contract.
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
METHODS = ("get", "head", "post", "put", "patch", "delete", "trace")
EXAMPLES = {"head": 1}
"""Of each operation, in each house; three where it is not said. The first is the simplest."""
OF_A_COMMAND = 30
PATHS = document((*ROUTES, *COMMANDS), read_settings({}), samples())["paths"]
ENDLESS = [(row.path, "get") for row in STREAMS]
OPERATIONS = [
    operation
    for operation in ((path, method) for path in PATHS for method in METHODS)
    if operation[1] in PATHS[operation[0]] and operation not in ENDLESS
]


def read(served: Any) -> BaseSchema:
    import schemathesis  # noqa: PLC0415 - above
    from schemathesis.config import (  # noqa: PLC0415
        GenerationConfig,
        ProjectConfig,
        ProjectsConfig,
        SchemathesisConfig,
    )

    generation = GenerationConfig(deterministic=True, database="none")
    projects = ProjectsConfig(default=ProjectConfig(generation=generation))
    return schemathesis.openapi.from_asgi(
        "/openapi.json", served, config=SchemathesisConfig(projects=projects)
    )


def ask(described: BaseSchema, path: str, method: str, examples: int, **more: Any) -> None:
    from schemathesis.specs.openapi import checks  # noqa: PLC0415 - above

    wanted = [getattr(checks, name) for name in CHECKS]

    @settings(max_examples=examples, derandomize=True, deadline=None, database=None)
    @given(case=described[path][method].as_strategy())
    def answers(case: Case) -> None:
        case.call_and_validate(checks=wanted, **more)

    answers()


@pytest.fixture(scope="module", params=["pw2", NOTHING])
def house(request: pytest.FixtureRequest) -> BaseSchema:
    return read(application(request.param))


@pytest.fixture(scope="module")
def commanded() -> BaseSchema:
    return read(Commanded().client.app)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_it_is_described(house: BaseSchema, path: str, method: str) -> None:
    ask(house, path, method, EXAMPLES.get(method, 3))


@pytest.mark.parametrize("path", [command.path for command in COMMANDS])
@pytest.mark.parametrize("token", [SECRET, "another"])
def test_whatever_a_command_says_its_answer_is_as_it_is_described(
    commanded: BaseSchema, path: str, token: str
) -> None:
    ask(commanded, path, "post", OF_A_COMMAND, headers={"Authorization": f"Bearer {token}"})


def test_a_method_that_is_not_described_is_refused_with_those_that_are() -> None:
    asked = client(NOTHING)
    for path in (path for path in PATHS if "{" not in path):
        described = {method.upper() for method in METHODS if method in PATHS[path]}
        for method in METHODS:
            result = asked.simulate_request(method.upper(), path, remote_addr=HERE)
            assert (result.status_code == 405) == (method not in PATHS[path]), path
            if result.status_code == 405:
                assert set(result.headers["allow"].split(", ")) == described | {"OPTIONS"}
