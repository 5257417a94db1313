"""Schemathesis over the whole OpenAPI document: no 5xx, no status and no shape that the document does not know."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.support import Api, Shops, move, open_drawer
from tillvault.deposits.classification.routes import AUDIO_TYPES

# Schemathesis leaves the types of its checks and schemas open.
GENERAL: Any = checks
OF_THE_DOCUMENT: Any = openapi_checks
CHECKS: list[Any] = [
    GENERAL.not_a_server_error,
    OF_THE_DOCUMENT.status_code_conformance,
    OF_THE_DOCUMENT.content_type_conformance,
    OF_THE_DOCUMENT.response_schema_conformance,
]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
ENDLESS = "/v1/events/stream"
LOGOUT = "/api/auth/logout-pos"
EXAMPLES = int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "200")) * 3 // 10

Token = Callable[[Any], str | None]


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: Any, value: Any) -> bytes:
    """A batch of tickets: text as it comes, anything else as one line of JSON."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.serializer(
    "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", *sorted(AUDIO_TYPES)
)
def as_file(_context: Any, value: Any) -> bytes:
    """A file for the catalogue, or a recording: bytes and text as they come, anything else as its JSON."""
    if isinstance(value, bytes):
        return value
    return value.encode(errors="replace") if isinstance(value, str) else json.dumps(value).encode()


@pytest.fixture(scope="module")
def fuzzed(base_url: str) -> Any:
    document: Any = schemathesis.openapi.from_url(f"{base_url}/openapi.json", timeout=60)
    return document.exclude(path=ENDLESS)


@pytest.fixture(scope="module")
def prepare(shops: Shops) -> Token:
    """Puts real ids into every second request of drawers and sales, and says whose token goes with it."""
    shop = shops.make()
    admin, leaving = shop.elena.back_office(), shop.marta.back_office()
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 500})
    waiting = move(till, drawer["id"], "PAID_IN", {"EUR": 300})
    product = admin.ok(admin.post("/v1/catalogue/products", {"name": "Book", "price": 1}), 201)["id"]
    open_drawer(admin, {"EUR": 500}, registerId=str(shop.registers[1]))
    book = {"productId": product, "quantity": 1000}
    sale = admin.ok(admin.post("/v1/sales", {"lines": [book], "payments": [{"method": "CARD", "amount": 1000}]}), 201)
    cart = admin.ok(admin.post("/v1/sales/carts", {}), 201)
    cart = admin.ok(admin.post(f"/v1/sales/carts/{cart['id']}/lines", book), 201)
    real = {
        "session_id": drawer["id"],
        "movement_id": waiting["id"],
        "registerId": str(shop.registers[0]),
        "sale_id": sale["id"],
        "cart_id": cart["id"],
        "line_id": cart["lines"][0]["id"],
    }
    known: dict[str, Any] = {"productId": product, "number": 1}
    turns = 0

    def stock(body: Any) -> None:
        """Let what is sold be in the catalogue, and a refund be of what was sold."""
        if not isinstance(body, dict):
            return
        whole = cast("dict[str, Any]", body)
        lines: Any = whole.get("lines", [whole])
        for item in cast("list[Any]", lines if isinstance(lines, list) else []):
            if isinstance(item, dict):
                line = cast("dict[str, Any]", item)
                line.update({name: value for name, value in known.items() if name in line})

    def prepared(case: Any) -> str | None:
        nonlocal turns
        turns += 1
        if turns % 2 and case.operation.path.startswith(("/v1/cash", "/v1/sales")):
            stock(case.body)
            parts: list[dict[str, Any] | None] = [case.path_parameters, case.query]
            for given in parts:
                if given:
                    given.update({name: value for name, value in real.items() if name in given})
        if turns % 9 == 0 and case.operation.method.upper() != "GET" and case.operation.path.startswith("/v1/"):
            # One key for many requests: the first that succeeds has it, and the others hear so.
            case.headers = {**(case.headers or {}), "Idempotency-Key": "the same"}
        # A logout would end the login of all other requests.
        return leaving.token if case.operation.path == LOGOUT else admin.token

    assert isinstance(till, Api)
    return prepared


@pytest.mark.slow
def test_every_route_keeps_to_the_document(fuzzed: Any, prepare: Token, subtests: pytest.Subtests) -> None:
    seen: set[int] = set()
    for found in fuzzed.get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=SLOW)
        @given(case=operation.as_strategy())
        def keeps_to_the_document(case: Any) -> None:
            token = prepare(case)

            answer = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS, timeout=60)
            seen.add(answer.status_code)

        with subtests.test(operation.label):
            keeps_to_the_document()

    assert {200, 201, 400, 404, 409, 422} <= seen, "the requests were all of one kind"
