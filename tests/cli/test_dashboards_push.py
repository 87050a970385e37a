"""`xdrift dashboards push`: against a Grafana of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.fake import EDITOR, FakeGrafana, running

from .conftest import Xdrift, settle

MONITOR = {
    "name": "credit",
    "owner": "risk",
    "model": {"path": "m.json"},
    "holdout": {"path": "h.csv"},
    "predictions": {"path": "p.csv"},
    "schedule": {"every": "1d"},
}
UIDS = ["xdrift-exec", "xdrift-oncall", "xdrift-debug"]


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGrafana]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running() as server:
        yield server


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grafana: FakeGrafana) -> Callable[..., None]:
    """configured(**more) writes xdrift.yaml in the working directory."""
    settle(monkeypatch, tmp_path)

    def write(**more: Any) -> None:
        document = {"monitors": [MONITOR], "grafana": {"url": grafana.url, "timeout": "1s"}, **more}
        Path("xdrift.yaml").write_text(json.dumps(document), encoding="utf-8")

    write()
    return write


@pytest.fixture
def token(configured: object, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDRIFT_GRAFANA__TOKEN", EDITOR)
    return EDITOR


def test_dashboards_are_pushed_and_pushed_again_without_a_word_of_change(
    xdrift: Xdrift, grafana: FakeGrafana, token: str
) -> None:
    first = xdrift("dashboards", "push")
    grafana.requests.clear()
    second = xdrift("dashboards", "push")

    assert (first.code, first.err, second.code) == (0, "", 0)
    for line in (
        f"Grafana     {grafana.url}, version 11.6.0",
        "Prometheus  Prometheus (uid p1)",
        "PostgreSQL  store (uid g1)",
        "links to    a daemon on the reader's own machine: set server.external_url",
        "folder      xdrift, created",
        f"xdrift-exec    created  {grafana.url}/d/xdrift-exec",
    ):
        assert line in first.out
    assert [line.split()[1] for line in second.out.splitlines()[-3:]] == ["unchanged"] * 3
    assert grafana.writes == []
    assert token not in first.out + second.out


def test_links_lead_to_the_daemon_that_is_configured(
    xdrift: Xdrift, grafana: FakeGrafana, token: str, configured: Callable[..., None]
) -> None:
    configured(server={"external_url": "https://drift.example.org"})
    xdrift("dashboards", "push")
    for uid in UIDS:
        variables = grafana.dashboards[uid]["dashboard"]["templating"]["list"]
        assert next(one["query"] for one in variables if one["name"] == "daemon") == "https://drift.example.org"


def test_an_edit_is_kept_with_exit_code_1_and_what_to_do(xdrift: Xdrift, grafana: FakeGrafana, token: str) -> None:
    xdrift("dashboards", "push")
    grafana.edit("xdrift-debug", title="Ours now")

    kept, told = xdrift("dashboards", "push"), xdrift("dashboards", "push", "--json")

    assert (kept.code, told.code) == (1, 1)
    assert "xdrift-debug   edited" in kept.out
    assert "~ title" in kept.out
    assert "--force" in kept.out
    assert told.json["left_alone"] == ["xdrift-debug"]
    assert xdrift("dashboards", "push", "--force").code == 0
    assert xdrift("dashboards", "push").code == 0


def test_a_dry_run_shows_what_would_change_and_writes_nothing(
    xdrift: Xdrift, grafana: FakeGrafana, token: str, configured: Callable[..., None]
) -> None:
    ran = xdrift("dashboards", "push", "--dry-run")
    assert (ran.code, grafana.writes) == (0, [])
    assert "folder      xdrift, would be created" in ran.out
    assert ran.out.count("would be created") == 4

    xdrift("dashboards", "push")
    configured(server={"external_url": "https://drift.example.org"})
    grafana.requests.clear()
    ran = xdrift("dashboards", "push", "--dry-run")
    assert (ran.code, grafana.writes) == (0, [])
    assert ran.out.count("would be updated") == 3
    assert ran.out.count("~ variable daemon (current, query)") == 3
    assert '+        "query": "https://drift.example.org"' in ran.out
    assert xdrift("dashboards", "push", "--dry-run", "--json").json["dry_run"] is True


def test_options_come_before_the_configuration(
    xdrift: Xdrift, grafana: FakeGrafana, configured: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(grafana=None)
    monkeypatch.setenv("XDRIFT_GRAFANA__TOKEN", "glsa_old")
    Path("token").write_text(f"{EDITOR}\n", encoding="utf-8")
    ran = xdrift("dashboards", "push", "--url", grafana.url, "--token-file", "token", "--folder", "Risk", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["grafana"], ran.json["folder"]) == (grafana.url, "Risk")
    assert list(grafana.folders.values()) == ["Risk"]


@pytest.mark.parametrize(
    ("words", "code", "error", "following"),
    [
        ((), 2, "no address of Grafana", "--url"),
        (("--url", "grafana.internal"), 2, "configuration xdrift.yaml has 1 mistake", ""),
        (("--url", "http://127.0.0.1:1"), 3, "could not reach Grafana at http://127.0.0.1:1", "address"),
        (("--url", "http://127.0.0.1:1", "--token-file", "gone"), 2, "configuration xdrift.yaml has 1 mistake", ""),
    ],
)
def test_what_cannot_be_is_told_with_the_next_step(
    xdrift: Xdrift, configured: Callable[..., None], words: tuple[str, ...], code: int, error: str, following: str
) -> None:
    configured(grafana=None)
    ran = xdrift("dashboards", "push", *words, "--json")
    assert (ran.code, ran.error["error"]) == (code, error)
    assert following in (ran.error["next"] or "")


def test_a_refusal_is_exit_code_3_without_the_token(
    xdrift: Xdrift, grafana: FakeGrafana, configured: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDRIFT_GRAFANA__TOKEN", "glsa_wrong")
    ran = xdrift("dashboards", "push")
    assert ran.code == 3
    assert "seen:     answer 401: Invalid API key" in ran.err
    assert "XDRIFT_GRAFANA__TOKEN" in ran.err
    assert "glsa_wrong" not in ran.err + ran.out


def test_check_config_says_where_annotations_go_and_tries_it(
    xdrift: Xdrift,
    grafana: FakeGrafana,
    configured: Callable[..., None],
    token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = f"Annotations of model versions, references, level changes and maintenance go to Grafana at {grafana.url}"
    assert f"{told}, without links to checks (server.external_url is not set)\n" in xdrift("check-config").out
    configured(server={"external_url": "https://drift.example.org"})
    assert f"{told}\n" in xdrift("check-config").out
    found = xdrift("check-config", "--json").json["grafana"]
    assert found == {"url": grafana.url, "annotations": True, "links": True, "token": True}

    probed = xdrift("check-config", "--probe").out
    assert "ok      Grafana: version 11.6.0, which accepts the token; 0 folders to be seen" in probed
    monkeypatch.delenv("XDRIFT_GRAFANA__TOKEN")
    assert f"{told}, without a token (XDRIFT_GRAFANA__TOKEN is not set)\n" in xdrift("check-config").out
    configured(grafana={"url": grafana.url, "annotate": False})
    assert "No annotations in Grafana" in xdrift("check-config").out


def test_a_token_that_grafana_does_not_know_is_a_failed_part(
    xdrift: Xdrift, configured: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDRIFT_GRAFANA__TOKEN", "glsa_wrong")
    ran = xdrift("check-config", "--probe", "--json")
    assert ran.code == 3
    part = next(one for one in ran.json["probes"] if one["part"] == "Grafana")
    assert (part["ok"], part["seen"]) == (False, "answer 401: Invalid API key")
