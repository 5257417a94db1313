"""The operations routes."""

from __future__ import annotations

from tests.support import Api


def test_health_names_version_and_database(api: Api) -> None:
    answer = api.get("/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["services"]["database"]["status"] == "ok"
    assert answer.json()["services"]["redis"] == {"status": "not_configured"}


def test_unknown_path_is_refused_in_the_envelope(api: Api) -> None:
    answer = api.get("/v1/nothing")

    assert answer.status_code == 404
    assert answer.json() == {"success": False, "error": "There is nothing at this path.", "code": "NOT_FOUND"}
