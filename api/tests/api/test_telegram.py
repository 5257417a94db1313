"""Telegram accounts: codes, links, and what a bot may do for whom."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from tests.support import Api, Person, Shop, Shops, fetch, open_drawer, refused, statuses

_accounts = itertools.count(700_000_001)


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture(scope="module")
def bot(shop: Shop) -> Api:
    admin = shop.elena.back_office()
    made = admin.ok(admin.post("/v1/api-keys", {"name": "Bot", "scopes": ["bot:link", "cash:read"]}), 201)
    return Api(shop.http, made["key"])


def code_of(person: Person) -> str:
    desk = person.back_office()
    return desk.ok(desk.post("/v1/telegram/links"), 201)["code"]


def redeem(bot: Api, code: str, account: int, **body: Any) -> httpx.Response:
    told = {"code": code, "telegramId": account, "chatId": account, "name": "Somebody", "language": "fr"}
    return bot.post("/v1/telegram/links/redeem", told | body)


def linked(bot: Api, person: Person) -> int:
    account = next(_accounts)
    bot.ok(redeem(bot, code_of(person), account))
    return account


def as_telegram(account: int) -> dict[str, str]:
    return {"X-Telegram-User": str(account)}


def test_a_code_links_an_account_once(shop: Shop, bot: Api) -> None:
    account, code = next(_accounts), code_of(shop.ana)

    link = bot.ok(redeem(bot, f" {code[:4].lower()}-{code[4:]} ", account))
    again = redeem(bot, code, account)

    assert (link["userId"], link["role"], link["language"]) == (str(shop.ana.id), "CASHIER", "fr")
    assert (link["organisation"], link["branchIds"]) == (shop.slug, [str(shop.branches[0].id)])
    assert bot.ok(bot.get(f"/v1/telegram/links/by-telegram/{account}")) == link
    refused(again, 404, "LINK_CODE_UNKNOWN")


def test_only_the_newest_code_of_a_person_is_good_and_none_after_ten_minutes(
    shop: Shop, bot: Api, superuser_dsn: str
) -> None:
    first, second = code_of(shop.luis), code_of(shop.luis)
    replaced = redeem(bot, first, next(_accounts))
    fetch(
        superuser_dsn,
        "UPDATE telegram_links SET expires_at = now() - interval '1 second' WHERE user_id = $1",
        shop.luis.id,
    )

    late = redeem(bot, second, next(_accounts))

    refused(replaced, 404, "LINK_CODE_UNKNOWN")
    refused(late, 404, "LINK_CODE_UNKNOWN")


def test_a_new_account_takes_the_place_of_the_old_one(shop: Shop, bot: Api) -> None:
    old, new = linked(bot, shop.marta), linked(bot, shop.marta)

    refused(bot.get(f"/v1/telegram/links/by-telegram/{old}"), 404, "TELEGRAM_LINK_NOT_FOUND")
    assert bot.ok(bot.get(f"/v1/telegram/links/by-telegram/{new}"))["userId"] == str(shop.marta.id)


def test_a_code_of_another_shop_is_unknown(shops: Shops, bot: Api) -> None:
    refused(redeem(bot, code_of(shops.make().ana), next(_accounts)), 404, "LINK_CODE_UNKNOWN")


def test_guessing_codes_holds_the_account_back(shop: Shop, bot: Api) -> None:
    account = next(_accounts)

    tries = [redeem(bot, "AAAAAAAA", account) for _ in range(6)]

    assert statuses(tries) == {404: 5, 429: 1}
    assert int(tries[-1].headers["Retry-After"]) >= 1


def test_people_see_and_unlink_their_own_account_and_an_admin_anybodys(shop: Shop, bot: Api) -> None:
    account = linked(bot, shop.ana)
    linked(bot, shop.marta)
    ana, marta, admin = shop.ana.back_office(), shop.marta.back_office(), shop.elena.back_office()
    (own,) = ana.ok(ana.get("/v1/telegram/links"))["items"]
    everybody = admin.ok(admin.get("/v1/telegram/links"))["items"]

    foreign = marta.delete(f"/v1/telegram/links/{own['id']}")
    removed = admin.delete(f"/v1/telegram/links/{own['id']}")

    assert {str(shop.ana.id), str(shop.marta.id)} <= {link["userId"] for link in everybody}
    refused(foreign, 404, "TELEGRAM_LINK_NOT_FOUND")
    assert removed.status_code == 200
    assert ana.ok(ana.get("/v1/telegram/links"))["items"] == []
    refused(bot.get(f"/v1/telegram/links/by-telegram/{account}"), 404, "TELEGRAM_LINK_NOT_FOUND")
    refused(bot.get("/v1/cash/sessions", headers=as_telegram(account)), 401, "UNAUTHORIZED")


def test_codes_and_links_are_audited_and_no_code_is_stored(shop: Shop, bot: Api, superuser_dsn: str) -> None:
    code = code_of(shop.luis)
    link = bot.ok(redeem(bot, code, next(_accounts)))
    admin = shop.elena.back_office()

    trail = admin.ok(admin.get(f"/v1/audit?resourceId={link['id']}"))["items"]
    rows = fetch(superuser_dsn, "SELECT row_to_json(t)::text AS row FROM telegram_links t")

    assert [entry["action"] for entry in trail] == ["TELEGRAM_LINKED", "TELEGRAM_CODE_GIVEN"]
    assert not any(code in row["row"] for row in rows)


def test_a_person_cannot_speak_for_accounts_and_a_machine_has_none(shop: Shop, bot: Api) -> None:
    admin = shop.elena.back_office()

    refused(redeem(admin, code_of(shop.ana), next(_accounts)), 403, "ROLE_FORBIDDEN")
    refused(admin.get("/v1/telegram/links/by-telegram/700000001"), 403, "ROLE_FORBIDDEN")
    refused(bot.post("/v1/telegram/links"), 403, "ROLE_FORBIDDEN")


def test_through_the_bot_a_person_may_do_what_their_role_and_the_bot_allow(shop: Shop, bot: Api) -> None:
    cashier, manager = linked(bot, shop.ana), linked(bot, shop.marta)
    till = shop.luis.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {"countedCash": {"EUR": 0}}))
    path = f"/v1/cash/sessions/{drawer['id']}/review"

    by_cashier = bot.post(path, {"decision": "APPROVE"}, headers=as_telegram(cashier))
    outside = bot.get("/v1/users", headers=as_telegram(manager))
    by_manager = bot.post(path, {"decision": "APPROVE"}, headers=as_telegram(manager))

    refused(by_cashier, 403, "ROLE_FORBIDDEN")
    refused(outside, 403, "ROLE_FORBIDDEN")
    assert bot.ok(by_manager)["reviewedBy"] == str(shop.marta.id)


@pytest.mark.parametrize("account", ["", "0", "nobody", "-1", "9" * 40, "700000001x"])
def test_an_account_that_is_nobodys_opens_nothing(bot: Api, account: str) -> None:
    refused(bot.get("/v1/cash/sessions", headers={"X-Telegram-User": account}), 401, "UNAUTHORIZED")


def test_a_key_without_the_scope_acts_for_nobody(shop: Shop, bot: Api) -> None:
    account, admin = linked(bot, shop.ana), shop.elena.back_office()
    key = admin.ok(admin.post("/v1/api-keys", {"name": "Till", "scopes": ["cash:read"]}), 201)["key"]

    answer = Api(shop.http, key).get("/v1/cash/sessions", headers=as_telegram(account))

    refused(answer, 401, "UNAUTHORIZED")


def test_somebody_who_left_is_linked_no_more(shop: Shop, bot: Api) -> None:
    account, admin = linked(bot, shop.luis), shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/users/{shop.luis.id}", {"isActive": False}))

    refused(bot.get("/v1/cash/sessions", headers=as_telegram(account)), 401, "UNAUTHORIZED")
    refused(bot.get(f"/v1/telegram/links/by-telegram/{account}"), 404, "TELEGRAM_LINK_NOT_FOUND")
    admin.ok(admin.patch(f"/v1/users/{shop.luis.id}", {"isActive": True}))
