"""Input that no client should send: a refusal in the path's own dialect, never a 5xx, and nothing changed."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.support import Api, Shop, Shops
from tillvault.core import secrets
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings

LIMIT = 262_144
OPEN = "/v1/cash/sessions"
LOGIN = "/api/auth/login"


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make(registers=1)


@pytest.fixture(scope="module")
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


def send(till: Api, path: str, body: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
    return till.post(path, content=body, headers={"Content-Type": "application/json", **headers})


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, read in the dialect of the path."""
    body = answer.json()
    if answer.request.url.path.startswith("/api/"):
        assert set(body) == {"detail"}
        assert {"code", "message"} <= set(body["detail"])
        return answer.status_code, body["detail"]["code"]
    assert body["success"] is False
    assert {"error", "code"} <= set(body)
    return answer.status_code, body["code"]


def test_a_body_over_the_limit_is_413_in_each_dialect(till: Api) -> None:
    large = b'{"note": "' + b"x" * LIMIT + b'"}'

    answers = [send(till, path, large) for path in (OPEN, LOGIN)]

    assert [refusal(answer) for answer in answers] == [(413, "PAYLOAD_TOO_LARGE")] * 2
    assert answers[0].json()["maxSizeBytes"] == LIMIT
    assert answers[1].json()["detail"]["maxSizeBytes"] == LIMIT


def test_a_chunked_body_is_counted_as_it_comes(till: Api) -> None:
    answers = [send(till, path, iter([b'{"note": "', *[b"x" * 8192] * 40, b'"}'])) for path in (OPEN, LOGIN)]

    assert [refusal(answer) for answer in answers] == [(413, "PAYLOAD_TOO_LARGE")] * 2


def test_a_body_at_the_limit_is_read(till: Api) -> None:
    text = b'{"openingFloat": {"EUR": -1}}'

    answer = send(till, OPEN, text + b" " * (LIMIT - len(text)))

    assert refusal(answer) == (400, "VALIDATION_ERROR")


BROKEN = {
    "cut off": b'{"openingFloat": {"EUR": 1',
    "no JSON": b"hello",
    "empty": b"",
    "not a number": b'{"openingFloat": {"EUR": NaN}}',
    "infinite": b'{"openingFloat": {"EUR": -Infinity}}',
    "a key twice": b'{"openingFloat": {"EUR": 1}, "openingFloat": {"EUR": 2}}',
    "100 000 brackets": b"[" * 100_000,
    "100 000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
    "100 000 digits": b'{"openingFloat": {"EUR": ' + b"9" * 100_000 + b"}}",
    "100 000 decimals": b'{"openingFloat": {"EUR": 0.' + b"1" * 100_000 + b"}}",
    "a large exponent": b'{"openingFloat": {"EUR": 1e999999999}}',
    "a small exponent": b'{"openingFloat": {"EUR": 1e-999999999}}',
    "an exponent beyond decimals": b'{"openingFloat": {"EUR": 1e99999999999999999999}}',
    "a lone surrogate": b'{"openingFloat": {"EUR": 1}, "note": "\\ud800"}',
    "a lone surrogate as a key": b'{"openingFloat": {"EUR": 1}, "\\udfff": 1}',
    "NUL": b'{"openingFloat": {"EUR": 1}, "note": "a\\u0000b"}',
    "raw NUL": b'{"openingFloat": {"EUR": 1}, "note": "a\0b"}',
    "not UTF-8": b'{"openingFloat": {"EUR": 1}, "note": "\xff\xfe"}',
    "UTF-16": '{"openingFloat": {"EUR": 1}}'.encode("utf-16"),
    "a list": b"[]",
    "a string": b'"text"',
    "null": b"null",
    "true as an amount": b'{"openingFloat": {"EUR": true}}',
    "text as an amount": b'{"openingFloat": {"EUR": "1"}}',
    "too many decimals": b'{"openingFloat": {"EUR": 1.001}}',
    "too much": b'{"openingFloat": {"EUR": 1000000000000.01}}',
    "less than nothing": b'{"openingFloat": {"EUR": -0.01}}',
    "an unknown currency": b'{"openingFloat": {"XXX": 1}}',
    "an unknown field": b'{"openingFloat": {"EUR": 1}, "openingFlaot": 2}',
    "a long text": b'{"openingFloat": {"EUR": 1}, "note": "' + b"x" * 501 + b'"}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_is_refused_and_opens_nothing(till: Api, name: str) -> None:
    answers = {path: refusal(send(till, path, BROKEN[name])) for path in (OPEN, LOGIN)}

    assert answers[OPEN][0] == 400, answers
    assert answers[LOGIN][0] == 422, answers
    assert {code for _, code in answers.values()} == {"VALIDATION_ERROR"}
    assert till.get(OPEN).json()["data"]["items"] == []


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""]
)
def test_another_content_type_is_no_json(till: Api, content_type: str) -> None:
    answer = till.post(OPEN, content=b"openingFloat=1", headers={"Content-Type": content_type})

    assert answer.status_code == 400
    assert refusal(answer)[1] == "VALIDATION_ERROR"


STRANGE_TEXT = ["%00", "a%00b", "%ed%a0%80", "%ff", "%F0%9F%92%B6", "'", '"', "%25", "a" * 5000, "..%2f..%2fetc", ";--"]


@pytest.mark.parametrize("text", STRANGE_TEXT)
def test_strange_text_in_paths_and_queries_is_refused_or_finds_nothing(till: Api, shop: Shop, text: str) -> None:
    admin = shop.elena.back_office()
    paths = [
        f"{OPEN}/{text}",
        f"{OPEN}?cursor={text}",
        f"{OPEN}?status={text}",
        f"{OPEN}?branchId={text}",
        f"{OPEN}?from={text}",
        f"{OPEN}?limit={text}",
        f"/v1/audit?action={text}",
        f"/v1/audit?resourceId={text}",
        f"/v1/users/{text}",
        f"/api/tienda/verificar/{text}",
        f"/api/tpv/estado-sesiones?codigo_tienda={text}",
        f"/v1/{text}",
        f"/api/v1/{text}",
    ]

    statuses = {path[:60]: admin.get(path).status_code for path in paths}

    assert all(status < 500 for status in statuses.values()), statuses


@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": "x" * 256},
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "\xe9" * 300},
    ],
)
def test_a_strange_idempotency_key_is_refused(till: Api, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    answer = till.http.post(
        OPEN, json={"openingFloat": {"EUR": 1}}, headers=[*raw, (b"Authorization", f"Bearer {till.token}".encode())]
    )

    assert refusal(answer) == (400, "VALIDATION_ERROR")


def test_strange_headers_are_no_reason_to_fail(till: Api) -> None:
    headers = [
        (b"X-Device-Id", b"\xff\xfe" * 40),
        (b"User-Agent", b"\xc3\x28" * 300),
        (b"X-Request-Id", b"\xff<script>"),
        (b"X-Forwarded-For", b"'; DROP TABLE users;--"),
        (b"Accept", b"\xff"),
        (b"Authorization", f"Bearer {till.token}".encode()),
    ]

    answer = till.http.get(OPEN, headers=headers)

    assert answer.status_code == 200
    assert answer.headers["X-Request-Id"].isalnum()


RAW = {
    "a length that is no number": b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n{}",
    "a negative length": b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    "a length of 5000 digits": b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "a length far beyond the body": b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n{}",
    "a length below the body": b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n" + b"{" * 300_000,
    "two lengths": b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a broken chunk": b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "length and chunks": (
        b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n49000\r\n"
        + b"x" * 0x49000
        + b"\r\n0\r\n\r\n"
    ),
    "no HTTP": b"hello\r\n\r\n",
    "a raw byte in the path": b"GET /v1/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the path": b"GET /v1/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": b"BREW /v1/branches HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute address": b"GET http://elsewhere.invalid/v1/branches HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", RAW)
def test_broken_http_is_a_4xx_at_once(base_url: str, name: str) -> None:
    parts = urlsplit(base_url)
    request = RAW[name].replace(b"%b", LOGIN.encode())

    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        with contextlib.suppress(OSError):  # It may be refused before it has all been said.
            connection.sendall(request)
        status_line = connection.recv(65536).split(b"\r\n", 1)[0]

    assert status_line.startswith(b"HTTP/1.1 4"), status_line


def _segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_forged_tokens_are_refused_in_each_dialect(till: Api, settings: Settings) -> None:
    assert till.token is not None
    head, payload, signature = till.token.split(".")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    secret = OctKey.import_key(secrets.token_secret(settings))
    another = OctKey.import_key("another-secret-of-thirty-two-characters-or-more")
    past = int((utc_now() - timedelta(minutes=1)).timestamp())
    forged = {
        "alg none": f"{_segment({'alg': 'none'})}.{payload}.",
        "alg none with the signature": f"{_segment({'alg': 'none'})}.{payload}.{signature}",
        "another algorithm": jwt.encode({"alg": "HS512"}, claims, secret, algorithms=["HS512"]),
        "another key": jwt.encode({"alg": "HS256"}, claims, another),
        "another issuer": jwt.encode({"alg": "HS256"}, claims | {"iss": "elsewhere"}, secret),
        "no issuer": jwt.encode({"alg": "HS256"}, {k: v for k, v in claims.items() if k != "iss"}, secret),
        "expired": jwt.encode({"alg": "HS256"}, claims | {"exp": past}, secret),
        "another organisation": jwt.encode({"alg": "HS256"}, claims | {"org": str(claims["sub"])}, secret),
        "an id that is none": jwt.encode({"alg": "HS256"}, claims | {"sid": "1 OR 1=1"}, secret),
        "an expiry that is none": jwt.encode({"alg": "HS256"}, claims | {"exp": "never"}, secret),
        "cut": till.token[:-4],
        "changed payload": f"{head}.{_segment(claims | {'role': 'ADMIN'})}.{signature}",
        "no signature": f"{head}.{payload}.",
        "long": "a." * 5000,
        "an unknown API key": "tv_" + "x" * 40,
        "text": "x",
    }

    for name, token in forged.items():
        for path in (OPEN, "/api/tpv/estado-sesiones"):
            answer = till.http.get(path, headers={"Authorization": f"Bearer {token}"})
            assert refusal(answer) == (401, "UNAUTHORIZED"), (name, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert till.get(OPEN).status_code == 200
