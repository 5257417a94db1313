"""What those who run the product see: health, metrics, headers, the documentation page."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.machinery import served
from tests.support import Api, Shops
from tillvault import __version__
from tillvault.core.config import Settings

ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Generator[httpx.Client]:
    """The API with an allowed origin and a token on its metrics."""
    more = {"cors_origins": (ORIGIN,), "metrics_token": "m" * 40, "database_pool_size": 2, "max_body_bytes": 2048}
    own = Settings.model_validate({**settings.model_dump(), **more})
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def test_health_says_how_each_part_is(api: Api) -> None:
    answer = api.get("/health")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["version"], body["demo"]) == ("ok", __version__, False)
    assert body["services"]["database"]["status"] == "ok"
    assert body["services"]["redis"] == {"status": "not_configured"}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_orchestrators_get_a_plain_yes(api: Api, path: str) -> None:
    answer = api.get(path)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_request_id_is_taken_over_when_it_is_plain_and_made_when_it_is_not(api: Api) -> None:
    given = api.get("/health", headers={"X-Request-Id": "Caja-1_000017"})
    made = [api.get("/health", headers={"X-Request-Id": odd}) for odd in ("", "a b", "x" * 65, "<b>", "--")]

    assert given.headers["X-Request-Id"] == "Caja-1_000017"
    ids = [answer.headers["X-Request-Id"] for answer in made]
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in ids), ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", ["/health", "/v1/branches", "/v1/nothing", "/api/auth/login", "/docs", "/metrics"])
def test_every_answer_carries_the_security_headers(api: Api, path: str) -> None:
    headers = api.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "server" not in headers


def test_no_page_of_another_origin_may_call_the_api_by_default(api: Api) -> None:
    answer = api.get("/health", headers={"Origin": ORIGIN})

    assert "access-control-allow-origin" not in answer.headers


def test_the_origins_of_the_settings_may(guarded: httpx.Client) -> None:
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}

    allowed = guarded.options("/v1/cash/sessions", headers={"Origin": ORIGIN, **ask})
    stranger = guarded.options("/v1/cash/sessions", headers={"Origin": "https://elsewhere.example", **ask})
    refused = guarded.get("/v1/branches", headers={"Origin": ORIGIN})

    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Idempotency-Key" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)
    assert "X-Request-Id" in refused.headers["Access-Control-Expose-Headers"]


def test_the_limit_of_a_body_is_a_setting(guarded: httpx.Client) -> None:
    answer = guarded.post("/api/auth/login", content=b"x" * 2049)

    assert answer.status_code == 413
    assert answer.json()["detail"]["maxSizeBytes"] == 2048


def test_metrics_count_requests_by_route_never_by_path(api: Api, shops: Shops) -> None:
    admin = shops.make(registers=1).elena.back_office()
    admin.get("/v1/users/0198c0de-0000-7000-8000-000000000001")
    admin.get("/v1/no-such-path-0198c0de")

    text = api.get("/metrics").text

    assert 'route="/v1/users/{user_id}"' in text
    assert 'route="unmatched"' in text
    assert "0198c0de" not in text
    assert "tillvault_http_request_seconds_bucket" in text
    assert "tillvault_cash_session_open_total" in text
    assert "tillvault_login_attempts_total" in text


def test_metrics_ask_for_their_token_when_it_is_set(guarded: httpx.Client) -> None:
    bare = guarded.get("/metrics")
    wrong = guarded.get("/metrics", headers=[(b"Authorization", b"Bearer \xff\xfe")])
    right = guarded.get("/metrics", headers={"Authorization": f"Bearer {'m' * 40}"})

    assert (bare.status_code, bare.json()["code"]) == (401, "UNAUTHORIZED")
    assert wrong.status_code == 401
    assert right.status_code == 200


def test_the_documentation_page_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api.get("/docs")
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.status_code == 200
    assert assets
    assert all(asset.startswith("/docs/assets/") for asset in assets), assets
    assert {api.get(asset).status_code for asset in assets} == {200}
    assert api.get("/docs/assets/..%2f..%2fconfig.py").status_code == 404
    assert api.get("/docs/assets/other.js").status_code == 404


def test_the_openapi_document_names_every_refusal_by_example(api: Api) -> None:
    document = api.get("/openapi.json").json()

    responses = document["paths"]["/v1/cash/sessions"]["post"]["responses"]
    assert "REGISTER_ALREADY_OPEN" in responses["409"]["content"]["application/json"]["examples"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and not path.startswith("/health"):
                    assert response["content"]["application/json"]["examples"], (method, path, status)


def test_a_method_that_a_path_does_not_know_is_told_all_that_it_knows(api: Api) -> None:
    paths: dict[str, Any] = api.get("/openapi.json").json()["paths"]

    for path, operations in paths.items():
        wrong = api.request("TRACE", re.sub(r"\{.*?\}", str(uuid4()), path))
        told = wrong.headers["Allow"].split(", ")
        assert (wrong.status_code, told) == (405, sorted(method.upper() for method in operations)), path
    assert api.delete("/v1/branches").json()["code"] == "METHOD_NOT_ALLOWED"
    assert api.post("/openapi.json").headers["Allow"] == "GET, HEAD"
