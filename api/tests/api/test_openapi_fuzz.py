"""Schemathesis over the whole OpenAPI document: no 5xx, no status and no shape that the document does not know."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support import Api, Shops, move, open_drawer

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = "/v1/events/stream"
LOGOUT = "/api/auth/logout-pos"
EXAMPLES = int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "200")) * 3 // 10

Token = Callable[[Any], str | None]


@pytest.fixture(scope="module")
def fuzzed(base_url: str) -> Any:
    return schemathesis.openapi.from_url(f"{base_url}/openapi.json").exclude(path=ENDLESS)


@pytest.fixture(scope="module")
def prepare(shops: Shops) -> Token:
    """Puts real ids into every second request of the drawer, and says whose token goes with it."""
    shop = shops.make()
    admin, leaving = shop.elena.back_office(), shop.marta.back_office()
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 500})
    waiting = move(till, drawer["id"], "PAID_IN", {"EUR": 300})
    real = {"session_id": drawer["id"], "movement_id": waiting["id"], "registerId": str(shop.registers[0])}
    turns = 0

    def prepared(case: Any) -> str | None:
        nonlocal turns
        turns += 1
        if turns % 2 and case.operation.path.startswith("/v1/cash"):
            for given in (case.path_parameters, case.query):
                if isinstance(given, dict):
                    given.update({name: value for name, value in real.items() if name in given})
        # A logout would end the login of all other requests.
        return leaving.token if case.operation.path == LOGOUT else admin.token

    assert isinstance(till, Api)
    return prepared


@pytest.mark.slow
def test_every_route_keeps_to_the_document(fuzzed: Any, prepare: Token, subtests: pytest.Subtests) -> None:
    seen: set[int] = set()
    for found in fuzzed.get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def keeps_to_the_document(case: Any) -> None:
            token = prepare(case)

            answer = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
            seen.add(answer.status_code)

        with subtests.test(operation.label):
            keeps_to_the_document()

    assert {200, 201, 400, 404, 409, 422} <= seen, "the requests were all of one kind"
