"""Two organisations and every route of the OpenAPI document: nothing of one is ever served to the other (decision 4).

The requests are made from the document. A route that names a parameter or a body that this file does not know makes it
fail: whoever adds it says here what a foreign id would look like in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.places import Place, furnish, seen_by_themselves
from tests.support import Api, Shops
from tillvault.core.clock import utc_now

PUBLIC = {
    "/health": "no organisation in it",
    "/health/live": "no organisation in it",
    "/health/ready": "no organisation in it",
    "/metrics": "labels are templates and codes",
    "/api/tienda/verificar/{codigo}": "whoever knows a store's code may ask for its name (terminal-login-api.md)",
    "/jwks.json": "public keys",
    "/.well-known/jwks.json": "public keys",
    "/r/{token}": "whoever holds a receipt may see it; tokens are tested with receipts",
    "/r/{token}/proof": "the same",
    "/v1/setup": "founds the first organisation, and refuses where there is one",
    "/v1/events/stream": "does not end; what it tells to whom is tested with live updates",
}
NO_IDS = frozenset(
    {
        "cursor",
        "limit",
        "status",
        "role",
        "isActive",
        "action",
        "resourceType",
        "from",
        "to",
        "format",
        "path",
        "q",
        "barcode",
        "favourite",
        "active",
        "updatedSince",
        "dryRun",
        "operation",
        "kind",
        "receiptNumber",
        "lang",
        "width",
        "by",
        "category",
        "channel",
    },
)
"""Parameters without an id; `path` is that of a tile within one ledger."""
HEADERS = frozenset({"Idempotency-Key", "x-approver-pin"})
"""Headers without an id: keys belong to who sends them, and a PIN is looked for in one's own branch alone, which the
tests of idempotency and of refunds show."""
TODAY = utc_now().date().isoformat()
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def mine(shops: Shops, superuser_dsn: str) -> Place:
    return furnish(shops, "Ours", superuser_dsn)


@pytest.fixture(scope="module")
def theirs(shops: Shops, superuser_dsn: str) -> Place:
    return furnish(shops, "Foreign", superuser_dsn)


def bodies(place: Place) -> dict[str, dict[str, Any]]:
    """A good body of every schema that a route takes, with the ids of a place."""
    ids, shop = place.ids, place.shop
    return {
        "NewBranch": {"name": "New", "timezone": "Europe/Madrid", "baseCurrency": "EUR"},
        "BranchChange": {"name": "Taken over"},
        "OrganisationChange": {"legalIdentity": "Nobody else's"},
        "PoliciesChange": {"cashBlindClose": True},
        "OpenDrawer": {"reason": "Nothing of theirs"},
        "NewRegister": {"branchId": ids["branchId"], "name": "Taken over"},
        "RegisterChange": {"name": "Taken over"},
        "NewUser": {"username": "spy", "name": "Spy", "role": "ADMIN", "branchIds": [ids["branchId"]]},
        "UserChange": {"branchIds": [ids["branchId"]]},
        "NewWebhook": {"url": "https://1.1.1.1/taken-over"},
        "WebhookChange": {"url": "https://1.1.1.1/taken-over"},
        "ReplayWebhook": {"eventId": ids["eventId"]},
        "NewCategory": {"name": "Taken over"},
        "CategoryChange": {"name": "Taken over too"},
        "NewProduct": {"name": "Taken over", "price": 1, "categoryId": ids["categoryId"]},
        "ProductChange": {"name": "Taken over", "categoryId": ids["categoryId"]},
        "BranchPrice": {"price": 2},
        "PrintReceipt": {"format": "html"},
        "FinalizeSale": {
            "sessionId": ids["sessionId"],
            "cartId": ids["cart_id"],
            "lines": [{"productId": ids["productId"]}],
            "payments": [{"method": "CASH", "amount": 1}],
        },
        "RefundSale": {"sessionId": ids["sessionId"], "reason": "taken over"},
        "StartCart": {"label": "Taken over"},
        "ChangeCart": {"label": "Taken over", "donation": 1},
        "SaleLineIn": {"productId": ids["productId"]},
        "ChangeCartLine": {"quantity": 3},
        "FinaliseCart": {"payments": [{"method": "CASH", "amount": 10}]},
        "NewDeposit": {"branchId": ids["branchId"], "description": "Taken over", "weightGrams": 1},
        "ValidateDeposit": {"category": "EEE-8"},
        "RejectDeposit": {"reason": "taken over"},
        "CorrectDeposit": {"description": "Taken over"},
        "ClassifyText": {"text": "lampe"},
        "NewExport": {"name": "Taken over", "destination": {"target": "folder"}},
        "ExportChange": {"name": "Taken over"},
        "NewApiKey": {"name": "Taken over", "scopes": ["cash:read"]},
        "RedeemCode": {
            "code": "AAAAAAAA",
            "telegramId": int(ids["telegram_id"]),
            "chatId": int(ids["telegram_id"]),
            "name": "Taken over",
        },
        "OpenSession": {"branchId": ids["branchId"], "registerId": ids["registerId"]},
        "CloseSession": {"countedCash": {"EUR": 1}},
        "ForceCloseSession": {"reason": "taken over"},
        "ReviewSession": {"decision": "APPROVE"},
        "RecordMovement": {
            "branchId": ids["branchId"],
            "registerId": ids["registerId"],
            "type": "PAID_IN",
            "amount": {"EUR": 1},
            "reason": "taken over",
        },
        "Decision": {"note": "taken over"},
        "PasswordLogin": {"username": "elena", "password": "password-elena", "organizacion": shop.slug},
        "ValidarPin": {"pin": shop.luis.pin, "codigo_tienda": shop.branches[0].code},
        "PosTicket": {"tenant": shop.slug, "source_model": "pos.order", "source_id": "POS/1", "ticket": {"a": 1}},
        "LoginPin": {"pin": shop.luis.pin, "codigo_tienda": shop.branches[0].code, "tpv_id": ids["tpv_id"]},
    }


LOGINS = frozenset({"PasswordLogin", "ValidarPin"})
"""Bodies that are secrets of the place themselves: whoever has them is the person."""
ID_FIELDS = frozenset(
    {
        "categoryId",
        "eventId",
        "branchId",
        "branchIds",
        "registerId",
        "tenant",
        "tpv_id",
        "sessionId",
        "cartId",
        "productId",
        "lines",
        "telegramId",
        "chatId",
    }
)
BODY_IDS_KNOWN = re.compile(r"(Id|Ids|(?<!source)_id)$|^tenant$|^lines$")
"""A ticket's `source_id` is its sender's own number; the lines of a sale name products."""


@dataclass
class Request:
    """One request with foreign ids in it (`attack` says where), or none."""

    method: str
    path: str
    attack: str
    params: dict[str, str]
    body: dict[str, Any] | None


def schema_name(operation: dict[str, Any]) -> str | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    text = str(content["schema"])
    found = re.search(r"#/components/schemas/(\w+)", text)
    assert found, f"a body without a named schema: {text}"
    return found[1]


def requests(document: dict[str, Any], mine: Place, theirs: Place) -> Iterator[Request]:
    good, foreign = bodies(mine), bodies(theirs)
    for path, operations in document["paths"].items():
        if path in PUBLIC:
            continue
        for verb, operation in operations.items():
            method = verb.upper()
            where = [(item["in"], item["name"]) for item in operation.get("parameters", [])]
            in_path = [name for place, name in where if place == "path" and name not in NO_IDS]
            in_query = [name for place, name in where if place == "query" and name not in NO_IDS]
            assert {name for place, name in where if place == "header"} <= HEADERS, (
                f"{method} {path}: a header of its own"
            )
            unknown = {name for name in [*in_path, *in_query] if name not in theirs.ids}
            assert not unknown, f"{method} {path}: say what a foreign {unknown} is"
            schema = schema_name(operation)
            assert schema is None or schema in good, f"{method} {path}: say what a body {schema} is"
            required = {
                item["name"]: TODAY if item["schema"].get("format") == "date" else mine.ids[item["name"]]
                for item in operation.get("parameters", [])
                if item["in"] == "query" and item.get("required")
            }
            body = good[schema] if schema else None
            own_path = path.format(**mine.ids)
            # Each foreign id alone (the rest is one's own), then all of them together.
            for name in in_path:
                yield Request(method, path.format(**mine.ids | {name: theirs.ids[name]}), "path", required, body)
            if len(in_path) > 1:
                yield Request(method, path.format(**theirs.ids), "path", required, body)
            for name in in_query:
                yield Request(method, own_path, "query", required | {name: theirs.ids[name]}, body)
            if schema and schema not in LOGINS:
                fields = document["components"]["schemas"][schema]["properties"]
                held = {field for field in fields if BODY_IDS_KNOWN.search(field)}
                # The lines of a refund are numbers of the sale's.
                held -= {"lines"} if "lines" not in good[schema] else set()
                assert held <= ID_FIELDS, f"{schema}: say what a foreign {held - ID_FIELDS} is"
                for field in sorted(held):
                    yield Request(method, own_path, "body", required, good[schema] | {field: foreign[schema][field]})
            if method == "GET":
                yield Request(method, own_path, "none", required, body)


def leaked(answer: httpx.Response, theirs: Place) -> set[str]:
    return {secret for secret in theirs.secrets if secret in answer.text}


@pytest.mark.parametrize("machine", [False, True], ids=["an admin", "an API key"])
def test_nothing_of_another_organisation_is_served_or_changed(
    api: Api, mine: Place, theirs: Place, machine: bool
) -> None:
    document = api.get("/openapi.json").json()
    caller = Api(api.http, mine.shop.api_key) if machine else mine.admin
    before = seen_by_themselves(theirs)
    tried = 0

    for request in requests(document, mine, theirs):
        # Each request is its own attempt: one's own data may have been changed by the last.
        answer = caller.request(
            request.method, request.path, params=request.params, **({"json": request.body} if request.body else {})
        )
        told = f"{request.attack}: {request.method} {request.path} {request.params} {request.body}: {answer.text}"
        assert answer.status_code < 500, told
        assert not leaked(answer, theirs), told
        if request.attack in {"path", "body"}:
            assert answer.status_code >= 400, told
        if request.attack == "query" and answer.status_code == 200:
            page = answer.json()
            assert page.get("data", page)["items"] == [], told
        if request.attack == "path" and "/ledger/" in request.path:
            assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"}), told
        tried += request.attack != "none"

    assert tried > 40
    assert seen_by_themselves(theirs) == before


def test_the_test_would_see_a_leak(theirs: Place) -> None:
    answer = theirs.admin.get(f"/v1/cash/sessions/{theirs.ids['session_id']}")

    assert {"Foreign Note", theirs.ids["session_id"]} <= leaked(answer, theirs)
    assert UUID_TEXT.search(theirs.ids["session_id"])
