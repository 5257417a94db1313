"""A second classifier, and voice into text, behind an endpoint that speaks OpenAI's protocol: a stand-in here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.machinery import served
from tests.standin import Heard, StandIn, standing_in
from tests.support import Api, Shop, Shops, refused
from tillvault.core.config import Settings


@pytest.fixture
def endpoint() -> Iterator[StandIn]:
    with standing_in() as found:
        yield found


@pytest.fixture
def served_with(settings: Settings, endpoint: StandIn) -> Iterator[httpx.Client]:
    own = settings.model_copy(
        update={
            "classifier_url": f"{endpoint.url}/v1",
            "classifier_model": "a-model",
            "classifier_api_key": SecretStr("a-key"),
            "classifier_timeout_seconds": 0.5,
            "transcription_url": f"{endpoint.url}/v1/",
            "transcription_api_key": SecretStr("another-key"),
            "transcription_timeout_seconds": 0.5,
            "transcription_max_bytes": 4096,
        }
    )
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def cashier(shop: Shop, served_with: httpx.Client) -> Api:
    return Api(served_with, shop.ana.back_office().token)


def completion(content: Any) -> Callable[[Heard], tuple[int, bytes]]:
    text = content if isinstance(content, str) else json.dumps(content)
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
    return saying(200, body)


def saying(status: int, body: bytes) -> Callable[[Heard], tuple[int, bytes]]:
    return lambda _: (status, body)


def classified(cashier: Api, text: str = "frigo américain") -> dict[str, Any]:
    return cashier.ok(cashier.post("/v1/deposits/classify", {"text": text, "lang": "fr"}))


def test_the_endpoint_is_asked_where_one_is_configured(cashier: Api, endpoint: StandIn) -> None:
    endpoint.answer = completion({"EEE-6": 0.9, "EEE-1": 0.3, "EEE-2": 0.0, "EEE-9": 5, "note": "x"})

    found = classified(cashier)

    assert found["provider"] == "remote"
    assert [(each["category"], each["confidence"]) for each in found["suggestions"]] == [
        ("EEE-6", 0.75),
        ("EEE-1", 0.25),
        ("EEE-2", 0.0),
    ]
    assert found["needsChoice"] is False
    (heard,) = endpoint.heard
    assert (heard.path, heard.headers["authorization"]) == ("/v1/chat/completions", "Bearer a-key")
    asked = heard.json
    assert asked["model"] == "a-model"
    assert json.loads(asked["messages"][-1]["content"]) == {"text": "frigo américain", "lang": "fr"}


def test_an_unsure_endpoint_needs_a_choice(cashier: Api, endpoint: StandIn) -> None:
    endpoint.answer = completion({"EEE-6": 0.5, "EEE-1": 0.5})

    assert classified(cashier)["needsChoice"] is True


@pytest.mark.parametrize(
    "answer",
    [
        saying(500, b"broken"),
        saying(302, b""),
        saying(200, b"no json"),
        saying(200, b"{}"),
        saying(200, b"[]"),
        saying(200, b"x" * 100_000),
        completion("I think it is a fridge."),
        completion([]),
        completion({"EEE-1": -1, "EEE-2": 2}),
        completion({"EEE-1": "much"}),
        completion('{"EEE-1": Infinity}'),
        completion({}),
    ],
    ids=[
        "an error",
        "a redirect",
        "no JSON",
        "another object",
        "a list",
        "too long",
        "prose",
        "a list of nothing",
        "negative",
        "words",
        "infinite",
        "nothing",
    ],
)
def test_the_local_model_stands_in_for_an_answer_that_is_none(
    cashier: Api, endpoint: StandIn, answer: Callable[[Heard], tuple[int, bytes]]
) -> None:
    endpoint.answer = answer

    found = classified(cashier)

    assert (found["provider"], found["suggestions"][0]["category"]) == ("local", "EEE-1")


def test_the_local_model_stands_in_for_an_endpoint_that_takes_too_long(cashier: Api, endpoint: StandIn) -> None:
    endpoint.delay_seconds = 2
    endpoint.answer = completion({"EEE-6": 1})

    found = classified(cashier)

    assert found["provider"] == "local"


def test_the_local_model_stands_in_for_an_endpoint_that_is_gone(shop: Shop, settings: Settings) -> None:
    with standing_in() as gone:
        own = settings.model_copy(update={"classifier_url": f"{gone.url}/v1"})
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as client:
        found = classified(Api(client, shop.ana.back_office().token))

    assert found["provider"] == "local"


def test_a_deposit_keeps_what_the_endpoint_suggested(cashier: Api, endpoint: StandIn) -> None:
    endpoint.answer = completion({"EEE-6": 0.9, "EEE-1": 0.1})

    deposit = cashier.ok(cashier.post("/v1/deposits", {"description": "frigo", "weightGrams": 5}), 201)

    assert (deposit["category"], deposit["provider"]) == ("EEE-6", "remote")


def test_the_endpoint_is_asked_once_for_a_deposit_that_is_told_again(
    shop: Shop, cashier: Api, served_with: httpx.Client, endpoint: StandIn
) -> None:
    endpoint.answer = completion({"EEE-6": 0.9, "EEE-1": 0.1})
    machine, told = Api(served_with, shop.api_key), {"description": "frigo", "weightGrams": 5}
    key = {"Idempotency-Key": "told-twice"}
    ours = {"branchId": str(shop.branches[0].id), "onBehalfOf": str(shop.ana.id)}

    for caller, body in ((cashier, told), (machine, told | ours)):
        first = caller.ok(caller.post("/v1/deposits", body, headers=key), 201)
        again = caller.post("/v1/deposits", body, headers=key)

        assert (caller.ok(again, 201), again.headers["idempotency-replayed"]) == (first, "true")
        refused(caller.post("/v1/deposits", body | {"weightGrams": 6}, headers=key), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(endpoint.heard) == 2


def test_nobody_is_asked_for_a_stranger(endpoint: StandIn, served_with: httpx.Client) -> None:
    stranger = Api(served_with, "nonsense")

    for path, body in (
        ("/v1/deposits", {"description": "frigo", "weightGrams": 5}),
        ("/v1/deposits/classify", {"text": "frigo"}),
    ):
        refused(stranger.post(path, body), 401, "UNAUTHORIZED")
    assert endpoint.heard == []


def voice(client: Api, audio: bytes = b"OggS...", kind: str = "audio/ogg; codecs=opus", **query: str) -> httpx.Response:
    return client.request(
        "POST", "/v1/deposits/transcribe", content=audio, headers={"content-type": kind}, params=query
    )


def test_voice_becomes_text(cashier: Api, endpoint: StandIn) -> None:
    endpoint.answer = lambda _: (200, json.dumps({"text": " un frigo et deux lampes "}).encode())

    found = cashier.ok(voice(cashier, lang="fr"))

    assert found == {"text": "un frigo et deux lampes"}
    (heard,) = endpoint.heard
    assert (heard.path, heard.headers["authorization"]) == ("/v1/audio/transcriptions", "Bearer another-key")
    assert b'name="language"\r\n\r\nfr\r\n' in heard.body
    assert b'filename="voice.ogg"\r\ncontent-type: audio/ogg\r\n\r\nOggS...\r\n' in heard.body


def test_voice_that_cannot_be_heard_is_refused(cashier: Api, endpoint: StandIn) -> None:
    endpoint.answer = lambda _: (200, b'{"text": "  "}')
    refused(voice(cashier), 400, "AUDIO_UNREADABLE")
    refused(voice(cashier, audio=b""), 400, "AUDIO_UNREADABLE")

    endpoint.answer = lambda _: (500, b"")
    refused(voice(cashier), 503, "TRANSCRIPTION_UNAVAILABLE")

    heard = len(endpoint.heard)
    refused(voice(cashier, audio=b"x" * 5000), 413, "PAYLOAD_TOO_LARGE")
    refused(voice(cashier, kind="video/mp4"), 415, "AUDIO_TYPE_UNKNOWN")
    refused(voice(Api(cashier.http)), 401, "UNAUTHORIZED")
    assert len(endpoint.heard) == heard
