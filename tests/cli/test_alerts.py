"""`xdrift alerts render` and `xdrift slo export`."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from .conftest import Ran, Xdrift


def test_rules_are_printed_as_they_are_committed(xdrift: Xdrift) -> None:
    committed = Path(__file__).parents[2] / "alerts" / "rules.yaml"

    assert xdrift("alerts", "render").out == committed.read_text(encoding="utf-8")


def test_the_operator_gets_the_same_groups_as_a_resource(xdrift: Xdrift) -> None:
    plain = yaml.safe_load(xdrift("alerts", "render").out)
    resource = yaml.safe_load(xdrift("alerts", "render", "--format", "operator", "--namespace", "ml").out)

    assert (resource["apiVersion"], resource["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert resource["metadata"]["namespace"] == "ml"
    assert resource["spec"] == plain


def test_links_and_job_go_where_they_belong(xdrift: Xdrift) -> None:
    urls = ["--runbook-url", "https://r/", "--dashboard-url", "https://g", "--page-url", "https://p", "--job", "watch"]
    document = json.loads(xdrift("alerts", "render", *urls, "--json").out)
    rules = {rule.get("alert"): rule for group in document["groups"] for rule in group["rules"]}
    drift = rules["ExplanationDriftSevere"]["annotations"]

    assert drift["runbook_url"] == "https://r/ExplanationDriftSevere.md"
    assert drift["dashboard_url"].startswith("https://g/d/")
    assert drift["page_url"] == "https://p/monitors/{{ $labels.monitor }}"
    assert rules["ExplanationMonitorDown"]["annotations"]["page_url"] == "https://p/"
    assert 'up{job="watch"}' in rules["ExplanationMonitorDown"]["expr"]
    assert "example.org" not in json.dumps(document)


def configured(folder: Path, server: str) -> Path:
    """The configuration of a newcomer with addresses under `server`."""
    file = folder / "watch.yaml"
    file.write_text(f"server: {{{server}}}\n" + (folder / "xdrift.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return file


def linked(ran: Ran) -> dict[str, str]:
    document = yaml.safe_load(ran.out)
    rules = {rule.get("alert"): rule for group in document["groups"] for rule in group["rules"]}
    return {
        name: text for name, text in rules["ExplanationDriftSevere"]["annotations"].items() if name.endswith("_url")
    }


def test_links_come_from_the_configuration_and_options_come_first(in_service: Path, xdrift: Xdrift) -> None:
    whole = "external_url: https://x/, grafana_url: https://g/, runbook_url: https://r"
    file = str(configured(in_service, whole))

    ran = xdrift("alerts", "render", "--config", file, "--dashboard-url", "https://other")

    assert (ran.code, ran.err) == (0, "")
    assert linked(ran) == {
        "runbook_url": "https://r/ExplanationDriftSevere.md",
        "dashboard_url": "https://other/d/xdrift-oncall?var-monitor={{ $labels.monitor }}",
        "page_url": "https://x/monitors/{{ $labels.monitor }}",
    }


def test_links_that_nobody_gave_are_told_with_their_options(in_service: Path, xdrift: Xdrift) -> None:
    file = str(configured(in_service, "external_url: https://x"))

    ran = xdrift("alerts", "render", "--config", file)

    assert ran.code == 0
    assert linked(ran)["page_url"].startswith("https://x/")
    assert "https://example.org" in ran.err
    assert "--runbook-url (server.runbook_url)" in ran.err
    assert "--dashboard-url (server.grafana_url)" in ran.err
    assert "--page-url" not in ran.err


def test_a_configuration_that_is_named_and_not_there_is_an_error(xdrift: Xdrift, tmp_path: Path) -> None:
    ran = xdrift("alerts", "render", "--config", str(tmp_path / "nowhere.yaml"))

    assert ran.code == 2
    assert "nowhere.yaml" in ran.err


def test_a_folder_gets_rules_routing_and_runbooks(xdrift: Xdrift, tmp_path: Path) -> None:
    ran = xdrift("alerts", "render", "--output", str(tmp_path / "rules"))
    runbooks = {path.stem for path in (tmp_path / "rules" / "runbooks").iterdir()}
    alerts = yaml.safe_load((tmp_path / "rules" / "rules.yaml").read_text())

    assert ran.code == 0
    assert ran.out.startswith(f"Wrote rules.yaml, alertmanager.example.yml and {len(runbooks)} runbooks into ")
    assert runbooks == {rule["alert"] for group in alerts["groups"] for rule in group["rules"] if "alert" in rule}
    assert "inhibit_rules" in yaml.safe_load((tmp_path / "rules" / "alertmanager.example.yml").read_text())


def test_a_folder_that_cannot_be_written_is_said(xdrift: Xdrift, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = xdrift("alerts", "render", "--output", str(tmp_path / "file" / "rules"))

    assert ran.code == 3
    assert "--output" in ran.err


def test_objectives_are_exported_per_monitor(newcomer: Path, xdrift: Xdrift) -> None:
    files = ["--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet"]
    assert xdrift("init", *files).code == 0
    documents = list(yaml.safe_load_all(xdrift("slo", "export", "late-flights").out))

    assert {one["kind"] for one in documents} == {"SLO"}
    assert {one["spec"]["service"] for one in documents} == {"late-flights"}
    assert json.loads(xdrift("slo", "export", "--format", "sloth", "--json").out)["documents"][0]["slos"]
    assert xdrift("slo", "export", "nobody").code == 2
