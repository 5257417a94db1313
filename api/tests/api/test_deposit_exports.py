"""Exports: what they say, and how they are sent by themselves."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from openpyxl import load_workbook
from standardwebhooks import Webhook

from tests.exporting import LAST_MONTH, attempts, exported, rows_of, run_due, scheduled, seen
from tests.machinery import execute, served
from tests.selling import product, sold
from tests.standin import standing_in
from tests.support import Api, Shop, Shops, fetch, open_drawer, refused
from tillvault.core.config import Settings
from tillvault.deposits.exports import s3


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


def taken_in(client: Api, category: str, grams: int, **body: Any) -> dict[str, Any]:
    """A validated deposit."""
    sent = {"description": "a thing", "category": category, "weightGrams": grams} | body
    deposit = client.ok(client.post("/v1/deposits", sent), 201)
    return client.ok(client.post(f"/v1/deposits/{deposit['id']}/validate", {}))


def test_the_file_has_the_columns_that_were_agreed_on_and_every_category(shop: Shop, superuser_dsn: str) -> None:
    till = shop.elena.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    day = drawer["businessDate"]
    kettle = product(superuser_dsn, shop, price=850, eee_category="EEE-2", weight_grams=900)
    book = product(superuser_dsn, shop, price=300)
    taken_in(till, "EEE-2", 1_500)
    taken_in(till, "EEE-2", 250, quantity=3)
    taken_in(till, "EEE-1", 60_000)
    waiting = till.post("/v1/deposits", {"description": "a thing", "category": "EEE-1", "weightGrams": 9})
    assert waiting.status_code == 201
    sale = sold(till, [{"productId": kettle, "quantity": 3}, book], [{"method": "CARD", "amount": 28.5}])
    sold(till, [kettle], [{"method": "CARD", "amount": 10.5}], donation=2)
    line = [{"number": sale["lines"][0]["number"], "quantity": 1}]
    till.ok(till.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "does not work", "lines": line}), 201)

    answer = exported(till, day, day)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="deposits-{day}-{day}.csv"'
    assert answer.text.splitlines()[0] == (
        "category_code,category_label,deposit_count,deposit_weight_kg,sales_quantity,sales_amount_eur,"
        "period_start,period_end,generated_at"
    )
    rows = rows_of(answer)
    assert list(rows) == [f"EEE-{number}" for number in range(1, 9)]
    small = rows["EEE-2"]
    assert (small["category_label"], small["deposit_count"], small["deposit_weight_kg"]) == (
        "Petit électroménager",
        "2",
        "1.75",
    )
    assert (small["sales_quantity"], small["sales_amount_eur"]) == ("3", "25.50")
    assert (rows["EEE-1"]["deposit_count"], rows["EEE-1"]["deposit_weight_kg"]) == ("1", "60")
    assert (rows["EEE-8"]["deposit_count"], rows["EEE-8"]["sales_amount_eur"]) == ("0", "0.00")
    assert {(row["period_start"], row["period_end"]) for row in rows.values()} == {(day, day)}
    assert len({row["generated_at"] for row in rows.values()}) == 1


def test_the_workbook_has_a_sheet_per_month_and_adds_up(shop: Shop, superuser_dsn: str) -> None:
    till = shop.elena.login(shop.registers[0])
    day = open_drawer(till, {"EUR": 50})["businessDate"]
    kettle = product(superuser_dsn, shop, price=850, eee_category="EEE-2", weight_grams=900)
    book = product(superuser_dsn, shop, price=300)
    taken_in(till, "EEE-2", 1_500)
    sold(till, [kettle, book], [{"method": "CARD", "amount": 13.5}], donation=2)

    answer = exported(till, "2026-10-15", day, format="xlsx", lang="en")

    book_read = load_workbook(io.BytesIO(answer.content))
    first, last = book_read.sheetnames[0], book_read.worksheets[-1]
    assert (first, last.title) == ("2026-10", day[:7])
    cells = [[cell.value for cell in row] for row in last.iter_rows()]
    assert cells[0][:3] == ["Category", "Name", "Deposits"]
    assert cells[2] == ["EEE-2", "Small appliances", 1, 1, 1.5, 1, 0.9, 8.5]
    told = {row[1]: row[7] for row in cells}
    assert told["All categories"] == 8.5
    assert told["Sales of other goods, EUR"] == 3
    assert told["Donations, EUR"] == 2
    assert told["Taken in all, EUR"] == 13.5
    assert told["Difference, EUR"] == 0
    empty = {row[1].value: row[7].value for row in book_read.worksheets[0].iter_rows()}
    assert empty["Taken in all, EUR"] == 0


def test_a_manager_exports_their_branches_and_a_cashier_none(shop: Shop) -> None:
    admin = shop.elena.back_office()
    day = taken_in(admin, "EEE-4", 100)["businessDate"]
    taken_in(admin, "EEE-4", 200, branchId=str(shop.branches[1].id))

    whole = rows_of(exported(admin, day, day))
    one = rows_of(exported(shop.marta.back_office(), day, day, branchId=str(shop.branches[1].id)))
    none = exported(shop.ana.back_office(), day, day)

    assert (whole["EEE-4"]["deposit_weight_kg"], one["EEE-4"]["deposit_weight_kg"]) == ("0.3", "0.2")
    refused(none, 403, "ROLE_FORBIDDEN")


def test_sales_in_another_currency_count_at_a_rate_or_the_file_is_refused(shops: Shops, superuser_dsn: str) -> None:
    for rates, expected in (({"EUR": 0.5}, "5.00"), ({}, None)):
        shop = shops.make(currencies=("USD", "EUR") if rates else ("USD",), policies={"fxRates": rates})
        till = shop.elena.login(shop.registers[0])
        day = open_drawer(till, {"USD": 50})["businessDate"]
        kettle = product(superuser_dsn, shop, price=1000, currency="USD", eee_category="EEE-2")
        sold(till, [kettle], [{"method": "CARD", "amount": 10}])

        answer = exported(till, day, day)

        if expected:
            assert rows_of(answer)["EEE-2"]["sales_amount_eur"] == expected
        else:
            refused(answer, 409, "EUR_RATE_MISSING")


@pytest.mark.parametrize(
    "query",
    [{}, {"from": "2026-11-02", "to": "2026-11-01"}, {"from": "2024-01-01", "to": "2026-11-01"}],
    ids=["no period", "backwards", "too long"],
)
def test_a_period_that_makes_no_sense_is_refused(shop: Shop, query: dict[str, str]) -> None:
    refused(shop.elena.back_office().get("/v1/deposits/export", params=query), 400, "VALIDATION_ERROR")


# Exports that are sent by themselves.


@pytest.fixture
def private(settings: Settings) -> Settings:
    """With addresses of this machine allowed, and no pause after a failure."""
    return settings.model_copy(
        update={
            "webhooks_allow_private_targets": True,
            "relay_backoff_seconds": 0.01,
            "relay_backoff_max_seconds": 0.01,
            "webhook_timeout_seconds": 5,
        }
    )


@pytest.fixture
def near(private: Settings) -> Iterator[httpx.Client]:
    """An API that lets exports go to this machine."""
    with served(private) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def of_last_month(dsn: str, shop: Shop, admin: Api, category: str, grams: int) -> None:
    """A validated deposit of last month, as if it had been told then."""
    deposit = taken_in(admin, category, grams)
    execute(
        dsn,
        "ALTER TABLE deposits DISABLE TRIGGER append_only;"
        f"UPDATE deposits SET business_date = '{LAST_MONTH[0]}' WHERE id = '{UUID(deposit['id'])}';"
        "ALTER TABLE deposits ENABLE ALWAYS TRIGGER append_only",
    )
    assert shop.id


def test_a_folder_gets_the_file_of_the_month_that_is_over(
    shop: Shop, settings: Settings, superuser_dsn: str, tmp_path: Path
) -> None:
    admin = shop.elena.back_office()
    of_last_month(superuser_dsn, shop, admin, "EEE-3", 4_200)
    export = scheduled(admin, {"target": "folder", "folder": "ademe"})

    ran = run_due(settings, exports_dir=tmp_path)

    assert ran.failures == 0
    folder = tmp_path / str(shop.id) / "ademe"
    (path,) = folder.iterdir()
    assert path.name == "deposits-2026-10-01-2026-10-31.csv"
    assert rows_of(path.read_bytes())["EEE-3"]["deposit_weight_kg"] == "4.2"
    after = seen(admin, export)
    assert (after["periodStart"], after["attempts"], after["lastError"]) == ("2026-11-01", 0, None)
    assert after["lastSucceededAt"]
    assert after["nextAttemptAt"] == "2026-12-01T05:00:00Z"
    (attempt,) = attempts(admin, export)
    assert (attempt["status"], attempt["operation"], attempt["attempts"]) == ("SUCCEEDED", "export", 1)
    assert run_due(settings, exports_dir=tmp_path).attempts == 0


def test_periods_that_were_missed_are_sent_one_by_one(shop: Shop, settings: Settings, tmp_path: Path) -> None:
    admin = shop.elena.back_office()
    scheduled(admin, {"target": "folder"}, since="2026-08-10", format="xlsx")

    run_due(settings, exports_dir=tmp_path)

    names = sorted(path.name for path in (tmp_path / str(shop.id)).iterdir())
    assert names == [
        "deposits-2026-08-01-2026-08-31.xlsx",
        "deposits-2026-09-01-2026-09-30.xlsx",
        "deposits-2026-10-01-2026-10-31.xlsx",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file in the way of root")
def test_a_failure_is_told_and_tried_again(shop: Shop, private: Settings, tmp_path: Path) -> None:
    admin = shop.elena.back_office()
    export = scheduled(admin, {"target": "folder"})
    in_the_way = tmp_path / "exports"
    in_the_way.write_text("a file where the folder should be")
    in_the_way.chmod(stat.S_IRUSR)

    failed = run_due(private, exports_dir=in_the_way)

    assert failed.failures >= 1
    after = seen(admin, export)
    assert after["attempts"] >= 1
    assert "NotADirectoryError" in after["lastError"] or "FileExistsError" in after["lastError"]
    assert after["periodStart"] == LAST_MONTH[0]
    in_the_way.unlink()
    admin.ok(admin.post(f"/v1/deposits/exports/{export['id']}/retry"))
    run_due(private, exports_dir=in_the_way)
    logged = attempts(admin, export)
    assert logged[0]["status"] == "SUCCEEDED"
    assert {each["status"] for each in logged[1:]} == {"FAILED"}
    assert [each["attempts"] for each in logged] == list(range(len(logged), 0, -1))
    assert seen(admin, export)["attempts"] == 0


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """An S3-compatible server: moto's."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  (takes a second to load)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def bucket_at(url: str, name: str) -> Any:
    """A client of another library, for looking and making buckets."""
    import boto3  # noqa: PLC0415  (takes a second to load)

    made: Any = boto3
    return made.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKID", aws_secret_access_key=name
    )


def to_s3(url: str, bucket: str) -> dict[str, Any]:
    return {
        "target": "s3",
        "endpoint": url,
        "bucket": bucket,
        "prefix": "tillvault/2026/",
        "accessKeyId": "AKID",
        "secretAccessKey": "a secret that nobody may see",
    }


def test_storage_gets_the_file_after_a_failure_that_is_told(
    shop: Shop, near: httpx.Client, private: Settings, storage: str, superuser_dsn: str
) -> None:
    admin = Api(near, shop.elena.back_office().token)
    of_last_month(superuser_dsn, shop, admin, "EEE-7", 700)
    export = scheduled(admin, to_s3(storage, "eco-organism"))
    assert "nobody may see" not in str(export)
    assert "nobody may see" not in admin.get("/v1/audit").text

    run_due(private)
    failed = seen(admin, export)
    bucket_at(storage, "x").create_bucket(Bucket="eco-organism")
    admin.ok(admin.post(f"/v1/deposits/exports/{export['id']}/retry"))
    run_due(private)

    assert failed["lastError"] == "The storage answered 404 NoSuchBucket."
    found = bucket_at(storage, "x").get_object(
        Bucket="eco-organism", Key="tillvault/2026/deposits-2026-10-01-2026-10-31.csv"
    )
    assert found["ContentType"] == "text/csv; charset=utf-8"
    assert rows_of(found["Body"].read())["EEE-7"]["deposit_weight_kg"] == "0.7"
    logged = attempts(admin, export)
    assert (logged[0]["status"], logged[0]["responseCode"]) == ("SUCCEEDED", 200)
    assert (logged[-1]["status"], logged[-1]["responseCode"]) == ("FAILED", 404)
    (row,) = fetch(superuser_dsn, "SELECT sealed_secret FROM deposit_exports WHERE id = $1", UUID(export["id"]))
    assert b"nobody may see" not in row["sealed_secret"]


def test_a_request_is_signed_as_amazons_own_library_signs_it() -> None:
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415  (takes a second to load)
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415  (as above)
    from botocore.credentials import Credentials  # noqa: PLC0415  (as above)

    at = datetime.now(UTC)
    bucket = s3.Bucket(
        endpoint="https://s3.example.org",
        region="eu-west-3",
        bucket="shop",
        access_key_id="AKID",
        secret_access_key="secret/+=",
    )
    path = s3.path_of(bucket, "a folder/deposits é.csv")
    request: Any = AWSRequest("PUT", f"https://s3.example.org{path}", headers={"content-type": "text/csv"}, data=b"x")
    signer: Any = S3SigV4Auth(Credentials("AKID", "secret/+="), "s3", "eu-west-3")
    request.context["payload_signing_enabled"] = True
    signer.add_auth(request)
    theirs = dict(request.headers)
    stamp = datetime.strptime(theirs["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = s3.signed_headers(bucket, method="PUT", path=path, headers={"content-type": "text/csv"}, body=b"x", at=stamp)

    assert ours["authorization"] == theirs["Authorization"]
    assert ours["x-amz-content-sha256"] == theirs["X-Amz-Content-SHA256"]
    assert abs((stamp - at).total_seconds()) < 5


def test_a_webhook_gets_the_file_signed(shop: Shop, near: httpx.Client, private: Settings) -> None:
    admin = Api(near, shop.elena.back_office().token)
    with standing_in() as receiver:
        export = scheduled(admin, {"target": "webhook", "url": f"{receiver.url}/eco"})

        run_due(private)

        (heard,) = receiver.heard
    body: Any = Webhook(export["secret"]).verify(heard.body, heard.headers)
    content = b64decode(body["data"]["content"])
    assert body["type"] == "deposits.export"
    assert hashlib.sha256(content).hexdigest() == body["data"]["sha256"]
    assert len(rows_of(content)) == 8
    assert "secret" not in seen(admin, export)


def test_an_export_leads_to_the_internet_alone(shop: Shop) -> None:
    admin = shop.elena.back_office()
    for destination in (
        {"target": "webhook", "url": "https://127.0.0.1/x"},
        {"target": "webhook", "url": "http://example.org/x"},
        to_s3("http://169.254.169.254", "bucket"),
    ):
        answer = admin.post("/v1/deposits/exports", {"name": "x", "destination": destination})

        refused(answer, 400, "EXPORT_TARGET_REFUSED")


@pytest.mark.parametrize(
    "destination",
    [
        {"target": "folder", "folder": "../up"},
        {"target": "folder", "folder": "/etc"},
        {"target": "s3"},
        {"target": "ftp"},
        to_s3("https://1.1.1.1", "bucket") | {"prefix": "../x/"},
        to_s3("https://1.1.1.1", "Not A Bucket"),
    ],
    ids=["up", "root", "nothing said", "unknown", "prefix up", "no bucket"],
)
def test_a_destination_that_makes_no_sense_is_refused(shop: Shop, destination: dict[str, Any]) -> None:
    answer = shop.elena.back_office().post("/v1/deposits/exports", {"name": "x", "destination": destination})

    refused(answer, 400, "VALIDATION_ERROR")
