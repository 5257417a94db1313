"""`/v1/webhooks` and `/v1/sync-logs`: endpoints, secrets, deliveries, tests and replays, over a real relay."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.machinery import query, served
from tests.relays import QUICK, Received, Receiver, eventually, receiving, relay, told
from tests.support import Api, Shop, Shops, open_drawer, refused
from tillvault.core import secrets
from tillvault.core.config import Settings


@pytest.fixture(scope="module")
def lenient(settings: Settings) -> Settings:
    """An installation that may deliver to this machine."""
    return settings.model_copy(update={"webhooks_allow_private_targets": True, "webhook_timeout_seconds": 2.0})


@pytest.fixture(scope="module")
def lenient_http(lenient: Settings) -> Generator[httpx.Client]:
    with served(lenient) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def admin(shop: Shop, lenient_http: httpx.Client) -> Api:
    return Api(lenient_http, shop.elena.back_office().token)


def create(admin: Api, url: str, **body: Any) -> dict[str, Any]:
    return admin.ok(admin.post("/v1/webhooks", {"url": url, **body}), 201)


def deliveries(admin: Api, webhook: dict[str, Any], query_string: str = "") -> list[dict[str, Any]]:
    return admin.ok(admin.get(f"/v1/webhooks/{webhook['id']}/deliveries{query_string}"))["items"]


def test_an_event_reaches_a_webhook_with_a_signature_that_the_public_library_verifies(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    webhook = create(admin, f"{receiver.url}/hook?a=1", types=["cash.session_opened"], description="ERP")
    with relay(lenient, secret=secrets.webhook_secret(lenient)):
        drawer = open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
        eventually(lambda: len(receiver.received) == 1, "the delivery")
        eventually(lambda: [each["status"] for each in deliveries(admin, webhook)] == ["DELIVERED"], "the note of it")

    (received,) = receiver.received
    told_event = Webhook(webhook["secret"]).verify(received.body, dict(received.headers))
    (listed,) = deliveries(admin, webhook)
    assert received.path == "/hook?a=1"
    assert told_event["type"] == "cash.session_opened"
    assert told_event["data"]["sessionId"] == drawer["id"]
    assert received.headers["webhook-id"] == told_event["id"] == listed["eventId"]
    assert (listed["status"], listed["attempts"], listed["responseCode"], listed["error"]) == (
        "DELIVERED",
        1,
        204,
        None,
    )


def test_a_secret_is_shown_once_and_stands_nowhere_in_the_database(
    shop: Shop, admin: Api, receiver: Receiver, superuser_dsn: str
) -> None:
    key = {"headers": {"Idempotency-Key": "once"}}
    body = {"url": receiver.url}
    first = admin.ok(admin.post("/v1/webhooks", body, **key), 201)
    again = admin.ok(admin.post("/v1/webhooks", body, **key), 201)
    read = admin.ok(admin.get(f"/v1/webhooks/{first['id']}"))
    listed = admin.ok(admin.get("/v1/webhooks"))["items"]

    assert first["secret"].startswith("whsec_")
    assert again == first | {"secret": None}
    assert "secret" not in read
    assert listed == [read]
    rows = query(superuser_dsn, "SELECT w::text AS row FROM webhook_endpoints w WHERE organisation_id = $1", shop.id)
    kept = query(superuser_dsn, "SELECT convert_from(body, 'UTF8') AS row FROM idempotency_keys WHERE key = 'once'")
    trail = query(superuser_dsn, "SELECT a::text AS row FROM audit_log a WHERE organisation_id = $1", shop.id)
    assert rows
    assert kept
    assert trail
    assert not [row for row in [*rows, *kept, *trail] if first["secret"].removeprefix("whsec_") in row["row"]]


def test_after_a_rotation_both_secrets_verify(shop: Shop, admin: Api, receiver: Receiver, lenient: Settings) -> None:
    webhook = create(admin, receiver.url)
    rotated = admin.ok(admin.post(f"/v1/webhooks/{webhook['id']}/rotate-secret"))
    with relay(lenient, secret=secrets.webhook_secret(lenient)):
        told(lenient, shop.id, ["drawer:a"], 1)
        eventually(lambda: len(receiver.received) == 1, "the delivery")

    (received,) = receiver.received
    assert rotated["secret"] != webhook["secret"]
    assert rotated["oldSecretUntil"] > rotated["updatedAt"]
    assert len(received.headers["webhook-signature"].split(" ")) == 2
    for secret in (webhook["secret"], rotated["secret"]):
        assert Webhook(secret).verify(received.body, dict(received.headers))["key"] == "drawer:a"


def test_a_test_delivery_tells_what_came_back(shop: Shop, admin: Api, receiver: Receiver) -> None:
    webhook = create(admin, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}/test"

    good = admin.ok(admin.post(path))
    receiver.answers = lambda _: 500
    bad = admin.ok(admin.post(path))

    (received,) = receiver.received
    assert (good["delivered"], good["responseCode"], good["error"]) == (True, 204, None)
    assert (bad["delivered"], bad["responseCode"], bad["error"]) == (False, 500, "Answered 500 Internal Server Error.")
    assert Webhook(webhook["secret"]).verify(received.body, dict(received.headers))["type"] == "webhook.test"
    logs = admin.ok(admin.get(f"/v1/sync-logs?target=webhook:{webhook['id']}&operation=test"))["items"]
    assert [(log["status"], log["responseCode"]) for log in logs] == [("FAILED", 500), ("SUCCEEDED", 204)]


def test_a_poison_key_parks_itself_alone_and_its_dead_letters_can_be_replayed(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    healthy, poisoned = create(admin, f"{receiver.url}/healthy"), create(admin, f"{receiver.url}/poisoned")
    keys = [f"drawer:{letter}" for letter in "abcdef"]
    refuses = True
    receiver.answers = lambda one: (
        500 if refuses and one.path == "/poisoned" and one.event["key"] == "drawer:c" else None
    )
    told(lenient, shop.id, keys, 5)

    with relay(lenient):
        eventually(lambda: len(receiver.received) == 30 + 25, "the delivery of the rest")
        eventually(lambda: len(deliveries(admin, poisoned, "?status=DEAD")) == 5, "the end of all tries", seconds=40)
        dead = deliveries(admin, poisoned, "?status=DEAD&limit=1")
        refuses = False
        answer = admin.ok(admin.post(f"/v1/webhooks/{poisoned['id']}/replay", {"deadLetters": True}))
        eventually(lambda: len(receiver.received) == 60, "the replay")
        eventually(lambda: not deliveries(admin, poisoned, "?status=PENDING"), "the notes")

    assert (dead[0]["attempts"], dead[0]["responseCode"]) == (QUICK.attempts_max, 500)
    assert answer == {"replayed": 5}
    assert receiver.numbers("/healthy") == receiver.numbers("/poisoned") == {key: list(range(5)) for key in keys}
    assert deliveries(admin, poisoned, "?status=DEAD") == []
    assert {each["status"] for each in deliveries(admin, healthy)} == {"DELIVERED"}


def test_an_endpoint_that_is_down_holds_up_no_other_and_gets_everything_when_it_is_back(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    create(admin, f"{receiver.url}/up")
    with receiving() as gone:
        down = create(admin, f"{gone.url}/down")
    keys = ["drawer:a", "drawer:b"]
    told(lenient, shop.id, keys, 10)

    with relay(lenient):
        eventually(lambda: len(receiver.received) == 20, "the delivery to the one that is up")
        admin.ok(admin.patch(f"/v1/webhooks/{down['id']}", {"url": f"{receiver.url}/down"}))
        replay = admin.ok(admin.post(f"/v1/webhooks/{down['id']}/replay", {"deadLetters": True}))
        eventually(lambda: len(receiver.received) == 40, "the delivery to the other")

    assert replay["replayed"] <= 20
    assert receiver.numbers("/up") == {key: list(range(10)) for key in keys}
    assert {key: sorted(numbers) for key, numbers in receiver.numbers("/down").items()} == receiver.numbers("/up")


def test_events_are_delivered_again_since_a_time_or_one_by_its_id(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    early = create(admin, f"{receiver.url}/early")
    ids = told(lenient, shop.id, ["drawer:a"], 6)
    with relay(lenient):
        eventually(lambda: len(receiver.received) == 6, "the delivery")
        since = receiver.received[3].event["occurredAt"]
        late = create(admin, f"{receiver.url}/late", types=["cash.session_opened"])
        answers = [
            admin.ok(admin.post(f"/v1/webhooks/{late['id']}/replay", {"since": since}))["replayed"],
            admin.ok(admin.post(f"/v1/webhooks/{early['id']}/replay", {"eventId": str(ids[5])}))["replayed"],
        ]
        eventually(lambda: len(receiver.received) == 10, "the replay")
    unknown = admin.post(f"/v1/webhooks/{early['id']}/replay", {"eventId": early["id"]})
    both = admin.post(f"/v1/webhooks/{early['id']}/replay", {"eventId": early["id"], "deadLetters": True})

    assert answers == [3, 1]
    assert receiver.numbers("/late") == {"drawer:a": [3, 4, 5]}
    assert [one.event["id"] for one in receiver.received if one.event["data"]["number"] == 5] == [str(ids[5])] * 3
    refused(unknown, 404, "EVENT_NOT_FOUND")
    refused(both, 400, "VALIDATION_ERROR")


def test_what_is_asked_for_while_it_is_being_delivered_comes_once_more(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    webhook = create(admin, receiver.url)
    began, may_end = threading.Event(), threading.Event()

    def slowly(_: Received) -> None:
        began.set()
        may_end.wait(10)

    receiver.answers = slowly
    (event,) = told(lenient, shop.id, ["drawer:a"], 1)
    with relay(lenient, timeout_seconds=20):
        assert began.wait(10)
        answer = admin.ok(admin.post(f"/v1/webhooks/{webhook['id']}/replay", {"eventId": str(event)}))
        may_end.set()
        eventually(lambda: len(receiver.received) == 2, "the replay")
        eventually(lambda: not deliveries(admin, webhook, "?status=PENDING"), "the notes")

    assert answer == {"replayed": 1}
    assert receiver.numbers() == {"drawer:a": [0, 0]}


def test_what_waits_for_a_long_pause_is_tried_at_once_when_it_is_asked_for(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    webhook = create(admin, receiver.url)
    patient = replace(QUICK, first=timedelta(hours=1), longest=timedelta(hours=1))
    receiver.answers = lambda _: 503
    (event,) = told(lenient, shop.id, ["drawer:a"], 1)
    with relay(lenient, policy=patient):
        eventually(lambda: any(each["attempts"] for each in deliveries(admin, webhook)), "a first try")
        receiver.answers = lambda _: None
        answer = admin.ok(admin.post(f"/v1/webhooks/{webhook['id']}/replay", {"eventId": str(event)}))
        eventually(lambda: receiver.numbers() == {"drawer:a": [0]}, "the delivery")

    assert answer == {"replayed": 1}


def test_an_inactive_webhook_gets_nothing_until_it_is_reactivated(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings, superuser_dsn: str
) -> None:
    suspended = (
        "SELECT bool_and(next_attempt_at = 'infinity' AND leased_by IS NULL) FROM event_queues WHERE target = $1"
    )
    receiver.answers = lambda _: 503
    webhook, witness = create(admin, f"{receiver.url}/paused"), create(admin, f"{receiver.url}/witness")
    path = f"/v1/webhooks/{webhook['id']}"
    with relay(lenient):
        told(lenient, shop.id, ["drawer:a"], 1)
        eventually(lambda: any(each["attempts"] for each in deliveries(admin, webhook)), "a first try")
        admin.ok(admin.patch(path, {"isActive": False}))
        # A try that was under way ends first; if it was the last one, nothing waits any more.
        target = f"webhook:{webhook['id']}"
        eventually(lambda: query(superuser_dsn, suspended, target)[0][0] is not False, "the end of the tries")
        receiver.answers = lambda _: None
        told(lenient, shop.id, ["drawer:b"], 1)
        eventually(lambda: len(deliveries(admin, witness, "?status=DELIVERED")) == 2, "the other's deliveries")
        while_paused = receiver.numbers("/paused")
        replay = admin.post(f"{path}/replay", {"deadLetters": True})
        admin.ok(admin.patch(path, {"isActive": True}))
        admin.ok(admin.post(f"{path}/replay", {"deadLetters": True}))
        eventually(lambda: receiver.numbers("/paused") == {"drawer:a": [0]}, "what had waited")

    assert while_paused == {}
    refused(replay, 409, "WEBHOOK_INACTIVE")


def test_a_webhook_that_is_paused_and_resumed_in_the_middle_of_a_delivery_goes_on(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    webhook = create(admin, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}"
    reached, go_on = threading.Event(), threading.Event()

    def slowly(_: Received) -> int:
        reached.set()
        go_on.wait(1.5)
        return 204

    receiver.answers = slowly
    told(lenient, shop.id, ["drawer:a"], 3)
    with relay(lenient):
        assert reached.wait(10)
        admin.ok(admin.patch(path, {"isActive": False}))
        admin.ok(admin.patch(path, {"isActive": True}))
        go_on.set()
        eventually(lambda: receiver.numbers() == {"drawer:a": [0, 1, 2]}, "the delivery")
        eventually(lambda: {each["status"] for each in deliveries(admin, webhook)} == {"DELIVERED"}, "the notes")


def test_private_targets_are_refused_where_the_settings_do_not_allow_them(shop: Shop) -> None:
    admin = shop.elena.back_office()
    good = create(admin, "https://1.1.1.1/hook")

    refused(admin.post("/v1/webhooks", {"url": "http://1.1.1.1/"}), 400, "WEBHOOK_TARGET_REFUSED")
    for url in ("https://127.0.0.1/", "https://localhost/", "https://2130706433/", "https://[::ffff:7f00:1]/"):
        refused(admin.post("/v1/webhooks", {"url": url}), 400, "WEBHOOK_TARGET_REFUSED")
        refused(admin.patch(f"/v1/webhooks/{good['id']}", {"url": url}), 400, "WEBHOOK_TARGET_REFUSED")
    assert [each["url"] for each in admin.ok(admin.get("/v1/webhooks"))["items"]] == ["https://1.1.1.1/hook"]


def test_a_private_target_from_looser_days_is_refused_at_delivery(
    shop: Shop, admin: Api, receiver: Receiver, lenient: Settings
) -> None:
    webhook = create(admin, receiver.url.replace("http:", "https:"))
    told(lenient, shop.id, ["drawer:a"], 1)

    with relay(lenient, allow_private=False):
        eventually(lambda: [each["status"] for each in deliveries(admin, webhook)] == ["DEAD"], "the end of all tries")

    assert deliveries(admin, webhook)[0]["error"] == "The address leads into a private or local network."
    assert receiver.received == []


def test_only_admins_administer_webhooks_and_managers_read_the_log(shop: Shop, admin: Api) -> None:
    webhook = create(admin, "http://127.0.0.1:1/hook")
    marta, ana = shop.marta.back_office(), shop.ana.login(shop.registers[0])
    machine = Api(shop.http, shop.api_key)

    for caller in (marta, ana, machine):
        for path in ("", f"/{webhook['id']}", f"/{webhook['id']}/deliveries"):
            refused(caller.get(f"/v1/webhooks{path}"), 403, "ROLE_FORBIDDEN")
        for path in ("rotate-secret", "test"):
            refused(caller.post(f"/v1/webhooks/{webhook['id']}/{path}"), 403, "ROLE_FORBIDDEN")
        replay = caller.post(f"/v1/webhooks/{webhook['id']}/replay", {"deadLetters": True})
        refused(replay, 403, "ROLE_FORBIDDEN")
        refused(caller.post("/v1/webhooks", {"url": "https://1.1.1.1/"}), 403, "ROLE_FORBIDDEN")
        refused(caller.patch(f"/v1/webhooks/{webhook['id']}", {"isActive": False}), 403, "ROLE_FORBIDDEN")
    assert marta.get("/v1/sync-logs").status_code == 200
    refused(ana.get("/v1/sync-logs"), 403, "ROLE_FORBIDDEN")


def test_every_change_of_a_webhook_is_audited(shop: Shop, admin: Api, receiver: Receiver) -> None:
    webhook = create(admin, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}"
    admin.ok(admin.patch(path, {"types": ["sale.finalized", "cash.session_opened"], "description": "ERP"}))
    admin.ok(admin.patch(path, {"description": "ERP"}))
    admin.ok(admin.patch(path, {"types": None, "isActive": False}))
    admin.ok(admin.patch(path, {"isActive": True}))
    admin.ok(admin.post(f"{path}/rotate-secret"))
    admin.ok(admin.post(f"{path}/test"))
    admin.ok(admin.post(f"{path}/replay", {"deadLetters": True}))

    entries = admin.ok(admin.get(f"/v1/audit?resourceType=webhook&resourceId={webhook['id']}"))["items"]
    assert [entry["action"] for entry in reversed(entries)] == [
        "WEBHOOK_CREATED",
        "WEBHOOK_CHANGED",
        "WEBHOOK_CHANGED",
        "WEBHOOK_CHANGED",
        "WEBHOOK_SECRET_ROTATED",
        "WEBHOOK_TESTED",
        "WEBHOOK_REPLAYED",
    ]
    assert entries[-2]["before"] == {"types": None, "description": None}


def test_unknown_types_and_too_many_webhooks_are_refused(admin: Api) -> None:
    refused(
        admin.post("/v1/webhooks", {"url": "http://127.0.0.1:1/", "types": ["cash.exploded"]}), 400, "VALIDATION_ERROR"
    )
    for number in range(50):
        create(admin, f"http://127.0.0.1:1/{number}")

    refused(admin.post("/v1/webhooks", {"url": "http://127.0.0.1:1/"}), 409, "TOO_MANY_WEBHOOKS")
    first = admin.ok(admin.get("/v1/webhooks?limit=30"))
    second = admin.ok(admin.get(f"/v1/webhooks?limit=30&cursor={first['nextCursor']}"))
    assert [item["url"].rsplit("/", 1)[1] for item in first["items"] + second["items"]] == [str(n) for n in range(50)]
    assert second["nextCursor"] is None
