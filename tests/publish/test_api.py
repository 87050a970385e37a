from __future__ import annotations

import httpx
import pytest

from monitor.publish.health import HEARTBEAT_LIMIT, Health
from monitor.publish.snapshot import MAX_AGE

from .conftest import Serve, Served
from .fleet import NOW, fleet

PATHS = ("/", "/metrics", "/livez", "/readyz", "/api/v1/monitors", "/api/v1/monitors/fraud-prod", "/api/v1/checks")


@pytest.mark.parametrize("path", PATHS)
def test_every_address_answers_get_and_head_alike(site: Served, path: str) -> None:
    got = site.get(path)
    head = httpx.head(site.url + path, trust_env=False)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_can_be_changed(site: Served, path: str) -> None:
    answer = httpx.post(site.url + path, trust_env=False)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/static/page.css", "/api/v1/checks?limit=x"])
def test_every_answer_carries_the_security_headers(site: Served, path: str) -> None:
    headers = site.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_monitors_are_listed_with_their_latest_check_in_short(site: Served) -> None:
    body = site.get("/api/v1/monitors").json()
    found = {monitor["name"]: monitor for monitor in body["monitors"]}
    assert set(found) == {"forecast-weekly", "fraud-prod", "credit-limit"}
    assert found["fraud-prod"]["last_check"]["verdict"] == "model"
    assert found["fraud-prod"]["overdue"] is False
    assert "findings" not in found["fraud-prod"]["last_check"]


def test_one_monitor_comes_with_history_and_references(site: Served) -> None:
    body = site.get("/api/v1/monitors/fraud-prod").json()
    assert (len(body["history"]), len(body["references"])) == (60, 1)
    assert body["history"][-1]["check_id"] == body["last_check"]["id"]
    assert body["history"][-1]["feature_change"]["pin_retries"] is None, "NaN has no place in JSON"


def test_one_check_comes_with_everything_but_single_predictions(site: Served) -> None:
    latest = site.get("/api/v1/checks?monitor=fraud-prod&limit=1").json()["checks"][0]["id"]
    body = site.get(f"/api/v1/checks/{latest}").json()
    assert {"findings", "contributions", "profiles", "model_numbers", "input_drift"} <= set(body)
    assert len([one for one in body["findings"] if one["segment"] is None]) == 4 * 20 * 6
    assert [row["segment"] for row in body["segments"]] == [
        "country=FR",
        "country=AT",
        "country=DE",
        "country=(missing)",
    ]
    assert "rows" not in body


def test_checks_are_filtered_by_monitor_verdict_and_time(site: Served) -> None:
    path = "/api/v1/checks?monitor=fraud-prod&verdict=model&since=2013-06-12T00:00:00Z"
    assert [check["planned_at"] for check in site.get(path).json()["checks"]] == ["2013-06-12T00:00:00+00:00"]


def test_pages_of_checks_follow_one_another_without_gap_or_repeat(site: Served) -> None:
    seen: list[str] = []
    before = ""
    while before is not None:
        query = {"monitor": "fraud-prod", "limit": "25", **({"before": before} if before else {})}
        body = site.get("/api/v1/checks", params=query).json()
        seen += [check["planned_at"] for check in body["checks"]]
        before = body["next_before"]
    assert len(seen) == 60
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/monitors/fraud", 404, "fraud-prod"),
        ("/api/v1/checks/0000000000000000", 404, "0000000000000000"),
        ("/api/v1/nowhere", 404, "/api/v1/nowhere"),
        ("/api/v1/checks?limit=0", 400, "limit: seen: '0'"),
        ("/api/v1/checks?limit=many", 400, "limit: seen: 'many'"),
        ("/api/v1/checks?verdict=bad", 400, "verdict: seen: 'bad'"),
        ("/api/v1/checks?since=2013-06-12T00:00:00", 400, "since"),
        ("/api/v1/checks?before=yesterday", 400, "before"),
        ("/static/none.js", 404, "/static/none.js"),
    ],
)
def test_an_error_says_what_and_what_next(site: Served, path: str, status: int, said: str) -> None:
    answer = site.get(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "next"}
    assert said in answer.json()["error"]
    assert answer.json()["next"]


def test_a_time_outside_utc_is_understood(site: Served) -> None:
    path = "/api/v1/checks?monitor=fraud-prod&since=2013-06-12T02:00:00%2B02:00"
    assert len(site.get(path).json()["checks"]) == 1


def test_a_store_that_does_not_answer_is_a_503_with_the_stores_own_next_step(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.reader.broken = True
        answer = served.get("/api/v1/checks")
        assert answer.status_code == 503
        assert answer.json() == {
            "error": "database; seen: connection refused; expected: an answer",
            "next": "start the database",
        }
        assert served.get("/api/v1/monitors").status_code == 200, "the snapshot in memory still serves"


def test_a_defect_is_a_500_without_its_traceback(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.reader.checks = lambda *_, **__: 1 / 0  # type: ignore[method-assign]
        answer = served.get("/api/v1/checks")
    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.json()["error"]
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_livez_follows_the_schedulers_heartbeat_and_not_the_database(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.reader.broken = True
        assert served.get("/livez").status_code == 200
        served.now = NOW + HEARTBEAT_LIMIT * 2
        stuck = served.get("/livez")
        assert stuck.status_code == 503
        assert "restart" in stuck.json()["next"]
        served.health = Health(heartbeat_at=None)
        assert served.get("/livez").status_code == 200, "a process without a scheduler has none to lose"


def test_readyz_waits_for_the_first_snapshot(serve: Serve) -> None:
    with serve(fleet(), refresh=False) as served:
        assert served.get("/readyz").status_code == 503
        served.holder.refresh(NOW)
        assert served.get("/readyz").status_code == 200


def test_readyz_says_why_the_snapshot_is_old(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.reader.broken = True
        served.now = NOW + MAX_AGE * 2
        served.holder.refresh(served.now)
        answer = served.get("/readyz")
    assert answer.status_code == 503
    assert "connection refused" in answer.json()["error"]


def test_readyz_is_over_once_the_daemon_stops(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.health = Health(heartbeat_at=NOW, stopping=True)
        assert served.get("/readyz").json()["status"] == "stopping"


def test_metrics_come_as_text_and_compressed_for_those_who_ask(site: Served) -> None:
    answer = site.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["content-encoding"] == "gzip"
    assert "xdrift_collector_up 1.0" in answer.text


def test_versioned_files_are_kept_for_long_and_everything_else_never(site: Served) -> None:
    assert "immutable" in site.get("/static/page.css?v=1").headers["cache-control"]
    assert site.get("/static/page.css").headers["cache-control"] == "no-cache"
    assert site.get("/").headers["cache-control"] == "no-store"


def test_plotly_is_the_installed_packages_own_script(site: Served) -> None:
    answer = site.get("/static/plotly.min.js?v=1")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "plotly.js v2.35" in answer.text[:200]
