"""Rendered manifests against the schemas of Kubernetes and of the Prometheus operator, and against xdrift itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

import dashboards
from alerts.render import Links, prometheus
from monitor import config
from monitor.cli import main
from monitor.config.environment import overrides
from tests.servers import binary

from .conftest import CHART, ROOT, VALUES, Helm, one, pod_of, run

OPERATOR = "monitoring.coreos.com/v1"
KUBERNETES = ("1.27", "1.32", "1.37")
"""From the oldest that Chart.yaml accepts to the newest whose schema there is."""


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_accepts_every_manifest(helm4: Helm, name: str, version: str) -> None:
    import kubernetes_validate

    objects = [each for each in helm4.objects(name) if each["apiVersion"] != OPERATOR]

    assert len(objects) >= 3
    for each in objects:
        kubernetes_validate.validate(each, version, strict=True)


def test_the_validation_would_see_a_misspelt_field(helm4: Helm) -> None:
    import kubernetes_validate

    deployment = one(helm4.objects("sqlite"), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize(("name", "kinds"), [("production", 2), ("cronjob", 1), ("trial", 1)])
def test_the_operator_accepts_its_own(helm4: Helm, name: str, kinds: int) -> None:
    from cloudcoil.models.prometheus_operator import v1

    objects = [each for each in helm4.objects(name) if each["apiVersion"] == OPERATOR]

    assert len(objects) == kinds
    for each in objects:
        made = getattr(v1, each["kind"]).model_validate(each)
        # The models drop fields that they do not know: what comes out must be what went in.
        assert _lost(each, made.model_dump(mode="json", by_alias=True, exclude_none=True)) == []


def _lost(before: Any, after: Any, where: str = "") -> list[str]:
    """Places of keys that are gone."""
    if isinstance(before, dict):
        gone = [f"{where}.{key}" for key in before if not isinstance(after, dict) or key not in after]
        return gone + [
            place
            for key in before
            if f"{where}.{key}" not in gone
            for place in _lost(before[key], after[key], f"{where}.{key}")
        ]
    if isinstance(before, list):
        return [place for at, one in enumerate(before) for place in _lost(one, after[at], f"{where}[{at}]")]
    return []


def test_prometheus_scrapes_what_the_rules_ask_for(helm4: Helm) -> None:
    objects = helm4.objects("production")
    monitor, service = one(objects, "ServiceMonitor"), one(objects, "Service")
    (endpoint,) = monitor["spec"]["endpoints"]

    assert {"action": "replace", "targetLabel": "job", "replacement": Links().job} in endpoint["relabelings"]
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": [service["metadata"]["namespace"]]}
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus"


# rules and dashboards are those that are shipped


def test_the_chart_has_the_rules_and_dashboards_of_the_package() -> None:
    files = CHART / "files"
    again = "run helm/copy-files"

    assert (files / "rules.yaml").read_text() == (ROOT / "alerts" / "rules.yaml").read_text(), again
    assert {path.stem for path in (files / "dashboards").iterdir()} == set(dashboards.NAMES), again
    for name in dashboards.NAMES:
        assert (files / "dashboards" / f"{name}.json").read_text() == dashboards.text(name), again


def groups(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(one(objects, "PrometheusRule")["spec"]["groups"])


def test_rules_are_those_of_the_package_with_links_of_this_installation(helm4: Helm) -> None:
    links = Links(
        runbook_url="https://git.example.com/xdrift/alerts/runbooks",
        dashboard_url="https://grafana.example.com",
        page_url="https://xdrift.example.com",
    )
    expected = prometheus(links)["groups"]
    for group in expected:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["labels"]["team"] = "ml-platform"

    assert groups(helm4.objects("production")) == expected


def test_without_links_the_rules_are_those_shipped(helm4: Helm) -> None:
    shipped = yaml.safe_load((ROOT / "alerts" / "rules.yaml").read_text())

    assert groups(helm4.objects("trial")) == shipped["groups"]


def test_runs_from_cron_lack_the_alert_that_nothing_is_scraped(helm4: Helm) -> None:
    def names(objects: list[dict[str, Any]]) -> set[str]:
        return {str(rule.get("alert")) for group in groups(objects) for rule in group["rules"]}

    assert names(helm4.objects("trial")) - names(helm4.objects("cronjob")) == {"ExplanationMonitorDown"}


@pytest.mark.promtool
@pytest.mark.parametrize("name", ["production", "cronjob", "trial"])
def test_promtool_accepts_the_rendered_rules(helm: Helm, name: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups(helm.objects(name))}))

    ran = run([binary("promtool"), "check", "rules", tmp_path / "rules.yaml"])

    assert ran.code == 0, ran.out + ran.err


@pytest.mark.parametrize(("name", "address"), [("production", "https://xdrift.example.com"), ("trial", None)])
def test_dashboards_are_those_of_the_chart_with_the_daemons_address(
    helm4: Helm, name: str, address: str | None
) -> None:
    """Grafana takes the value of a constant from its query; what is chosen now only repeats it."""
    objects = helm4.objects(name)

    for dashboard in dashboards.NAMES:
        found = one(objects, "ConfigMap", f"watch-xdrift-dashboard-{dashboard}")
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert found["metadata"]["annotations"]["grafana_folder"] == "xdrift"
        ((file, text),) = found["data"].items()
        assert file == f"xdrift-{dashboard}.json"
        expected = json.loads((CHART / "files" / "dashboards" / f"{dashboard}.json").read_text())
        (constant,) = [each for each in expected["templating"]["list"] if each["name"] == dashboards.DAEMON]
        constant["query"] = address or constant["query"]
        assert json.loads(text) == expected
        assert len(text.encode()) < 200 * 1024  # `kubectl apply` keeps it in an annotation of 256 KiB


# xdrift accepts what the chart gives it


@pytest.mark.parametrize("name", [name for name in VALUES if name != "existing"])
def test_xdrift_accepts_configuration_environment_and_command(
    helm4: Helm, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in [each for each in os.environ if each.startswith("XDRIFT_")]:
        monkeypatch.delenv(variable)
    objects = helm4.objects(name)
    release = one(objects, "Deployment" if name != "cronjob" else "CronJob")["metadata"]["name"]
    file = tmp_path / "xdrift.yaml"
    file.write_text(one(objects, "ConfigMap", release)["data"]["xdrift.yaml"])
    pod = pod_of(objects)["spec"]
    pods = [pod, *(each["spec"] for each in objects if each["kind"] == "Pod")]
    for container in [each for pod in pods for each in (*pod.get("initContainers", ()), *pod["containers"])]:
        environ = {each["name"]: each["value"] for each in container["env"] if "value" in each}
        assert environ["XDRIFT_CONFIG"] == "/etc/xdrift/config/xdrift.yaml"
        for variable in [each for each in environ if each.endswith("_FILE")]:
            _mounted(environ[variable], pod, container)
            secret = tmp_path / variable
            secret.write_text(
                "postgresql+psycopg://a@b/c" if "STORE" in variable else "https://a.example.com/" + "x" * 16
            )
            environ[variable] = str(secret)

        assert overrides(environ)[1] == []
        settings = config.load(file, environ)
        assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9464)
        assert settings.store.url == (
            "sqlite:////var/lib/xdrift/xdrift.db" if "XDRIFT_STORE__URL" in environ else "postgresql+psycopg://a@b/c"
        )
        assert main([*container["args"], "--help"]) == 0
        for variable, value in environ.items():
            monkeypatch.setenv(variable, value)
        assert main(["check-config", "--config", str(file)]) == 0
        for variable in environ:
            monkeypatch.delenv(variable)
    capsys.readouterr()


def _mounted(path: str, pod: dict[str, Any], container: dict[str, Any]) -> None:
    """A file that a variable names is one that a secret puts there."""
    folder, _, file = path.rpartition("/")
    (mount,) = [each for each in container["volumeMounts"] if each["mountPath"] == folder]
    (volume,) = [each for each in pod["volumes"] if each["name"] == mount["name"]]
    assert [item["path"] for item in volume["secret"]["items"]] == [file]
