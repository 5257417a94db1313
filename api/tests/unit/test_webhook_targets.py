"""Where webhooks may lead: judged by address, whatever the way in which it is written."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.relays import receiving
from tillvault.core.ids import new_id
from tillvault.events.webhooks import targets
from tillvault.events.webhooks.secrets import ROTATION, generations, secret_of, signature
from tillvault.events.webhooks.sending import Answer, Sender
from tillvault.events.webhooks.targets import Address, TargetRefused
from tillvault.identity.webhooks.schemas import NewWebhook

PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104  (nothing is bound)
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2001:0:7f00:1::",
    "2001:db8::1",
)
PUBLIC = ("1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1", "2002:101:101::")


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_within_a_network_are_private(address: str) -> None:
    assert not targets.is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert targets.is_public(ip_address(address))


def resolving(*addresses: str) -> targets.Resolve:
    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ip_address(address) for address in addresses]

    return resolve


SPELLINGS = (
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:10.0.0.1]:8443/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://①②⑦.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
)


@pytest.mark.parametrize("url", SPELLINGS, ids=range(len(SPELLINGS)))
def test_a_private_target_is_refused_in_every_spelling(url: str) -> None:
    body = NewWebhook.model_validate({"url": url})

    with pytest.raises(TargetRefused, match="private or local"):
        asyncio.run(targets.check(body.url, allow_private=False))


@pytest.mark.parametrize("url", ["http://1.1.1.1/", "https://user:word@1.1.1.1/"], ids=["plain", "with a password"])
def test_an_address_is_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(TargetRefused):
        asyncio.run(targets.check(url, allow_private=False))


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "https://", "x" * 9]
)
def test_what_is_no_address_of_the_web_is_not_read_as_one(url: str) -> None:
    with pytest.raises(ValueError, match="http or https"):
        NewWebhook.model_validate({"url": url})


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(TargetRefused):
        asyncio.run(
            targets.check("https://shop.example/", allow_private=False, resolving=resolving("1.1.1.1", "10.0.0.1"))
        )


def deliver(url: str, *, allow_private: bool, resolve: targets.Resolve = targets.resolve) -> Answer:
    async def run() -> Answer:
        sender = Sender(allow_private=allow_private, timeout_seconds=2, resolving=resolve)
        try:
            return await sender.send(url, message_id="1", body=b"{}", secrets=["whsec_" + "A" * 43 + "="])
        finally:
            await sender.close()

    return asyncio.run(run())


def test_a_name_that_was_public_at_first_is_refused_at_delivery() -> None:
    answer = deliver("https://rebound.example/", allow_private=False, resolve=resolving("127.0.0.1"))

    assert (answer.status, answer.error) == (None, "The address leads into a private or local network.")


def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    """The name means nothing to the machine: only the resolver that judged it knows the address."""
    with receiving() as receiver:
        port = receiver.url.rsplit(":", 1)[1]
        answer = deliver(f"http://shop.invalid:{port}/", allow_private=True, resolve=resolving("127.0.0.1"))

    assert (answer.status, answer.error) == (204, None)
    assert receiver.received[0].headers["host"] == f"shop.invalid:{port}"


def test_a_redirect_is_not_followed() -> None:
    with receiving() as elsewhere, receiving() as receiver:
        receiver.answers = lambda _: (302, {"Location": elsewhere.url})
        answer = deliver(receiver.url, allow_private=True)

    assert (answer.status, answer.error) == (302, "Answered 302: redirects are not followed.")
    assert elsewhere.received == []


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = deliver(f"http://127.0.0.1:{silent.getsockname()[1]}/", allow_private=True)

    assert answer.error == "No answer within 2 seconds."
    assert answer.finished_at - answer.started_at < timedelta(seconds=4)


def test_a_wrong_certificate_is_a_failed_delivery() -> None:
    with receiving() as receiver:
        answer = deliver(receiver.url.replace("http:", "https:"), allow_private=True)

    assert answer.status is None
    assert answer.error


def test_the_answer_says_when_to_come_back() -> None:
    with receiving() as receiver:
        receiver.answers = lambda _: (503, {"Retry-After": "7"})
        answer = deliver(receiver.url, allow_private=True)

    assert (answer.status, answer.retry_after_seconds) == (503, 7.0)


def test_a_signature_is_verified_by_the_public_library_and_only_with_its_secret() -> None:
    organisation, endpoint = new_id(), new_id()
    first, second = (
        secret_of(b"master", organisation_id=organisation, endpoint_id=endpoint, generation=number) for number in (1, 2)
    )
    other = secret_of(b"master", organisation_id=new_id(), endpoint_id=endpoint, generation=1)
    now, body = datetime.now(UTC), '{"name":"Peña"}'.encode()
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature([second, first], message_id="msg", at=now, body=body),
    }

    assert Webhook(first).verify(body, headers) == Webhook(second).verify(body, headers) == {"name": "Peña"}
    for secret, sent in ((other, body), (first, body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(sent, headers)


def test_the_old_secret_signs_for_a_day_after_a_rotation() -> None:
    rotated = datetime(2026, 1, 1, tzinfo=UTC)

    assert generations(1, None, rotated) == [1]
    assert generations(2, rotated, rotated + ROTATION - timedelta(seconds=1)) == [2, 1]
    assert generations(2, rotated, rotated + ROTATION) == [2]
