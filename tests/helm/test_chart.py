"""What the chart renders, with both versions of helm that are in use."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import __version__

from .conftest import CHART, VALUES, Helm, one, pod_of

GOLDEN = Path(__file__).parent / "golden"
ELSEWHERE = ("prometheusrule.yaml", "dashboards.yaml")
"""Held against what they are made of by other tests."""
SMALL = (CHART / "ci" / "sqlite-values.yaml").read_text(encoding="utf-8")


def documents(text: str) -> dict[str, str]:
    """Template to the text that it rendered, in a fixed order."""
    parts: dict[str, str] = {}
    for part in text.split("\n---\n"):
        source = re.search(r"^# Source: xdrift/templates/(\S+)", part, re.M)
        if source and source[1] not in ELSEWHERE:
            parts[source[1]] = parts.get(source[1], "") + part.removeprefix("---\n").rstrip() + "\n---\n"
    return dict(sorted(parts.items()))


@pytest.mark.parametrize("name", VALUES)
def test_lint_finds_nothing(helm: Helm, name: str) -> None:
    ran = helm("lint", "--strict", CHART, "--values", CHART / "ci" / f"{name}-values.yaml")

    assert ran.code == 0, ran.out + ran.err
    assert "[WARNING]" not in ran.out
    assert "[ERROR]" not in ran.out


def test_the_values_as_shipped_are_linted_too(helm: Helm) -> None:
    assert helm("lint", "--strict", CHART).code == 0


@pytest.mark.parametrize("name", VALUES)
def test_it_renders_what_was_looked_at(helm: Helm, name: str) -> None:
    """UPDATE_GOLDEN=1 writes it again; read the difference before it is committed."""
    rendered = "".join(documents(helm.template(name)).values())
    path = GOLDEN / f"{name}.yaml"

    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(rendered, encoding="utf-8")

    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VALUES)
def test_both_versions_of_helm_render_the_same(helms: Callable[[int], Helm], name: str) -> None:
    assert helms(3).template(name) == helms(4).template(name)


def test_the_chart_carries_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))

    assert chart["appVersion"] == __version__


def test_a_package_has_the_files_and_no_test_values(helm: Helm, tmp_path: Path) -> None:
    import tarfile

    assert helm("package", CHART, "--destination", tmp_path).code == 0

    (packed,) = tmp_path.glob("xdrift-*.tgz")
    with tarfile.open(packed) as archive:
        names = set(archive.getnames())
    assert {"xdrift/files/rules.yaml", "xdrift/files/dashboards/oncall.json", "xdrift/values.schema.json"} <= names
    assert not [name for name in names if "/ci/" in name]
    assert packed.stat().st_size < 500_000  # a release is kept in a Secret of 1 MiB at most


# what rolls the pods


def test_a_changed_configuration_rolls_the_pods_and_nothing_else_does(helm4: Helm) -> None:
    def pods(*words: str) -> dict[str, Any]:
        return pod_of(helm4.objects("sqlite", *words))

    before = pods()
    changed = pods("--set", "config.max_checks=3")
    elsewhere = pods("--set", "service.port=80")

    assert changed["metadata"]["annotations"] != before["metadata"]["annotations"]
    assert changed["spec"] == before["spec"]
    assert elsewhere == before


def test_a_changed_secret_of_the_chart_rolls_the_pods(helm4: Helm) -> None:
    one_url = pod_of(helm4.objects("cronjob"))
    other = pod_of(helm4.objects("cronjob", "--set", "store.url=postgresql+psycopg://xdrift:other@postgres/xdrift"))

    assert one_url["metadata"] != other["metadata"]


# who may do what


def containers(objects: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(pod spec, container) of everything that runs."""
    pods = [pod_of(objects)["spec"], *(each["spec"] for each in objects if each["kind"] == "Pod")]
    for pod in pods:
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            yield pod, container


@pytest.mark.parametrize("name", VALUES)
def test_nothing_runs_as_root_writes_its_image_or_talks_to_kubernetes(helm4: Helm, name: str) -> None:
    found = list(containers(helm4.objects(name)))

    assert found
    for pod, container in found:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
        assert {"/tmp", "/var/cache/xdrift"} <= writable
        environ = {each["name"]: each.get("value") for each in container["env"]}
        assert str(environ["NUMBA_CACHE_DIR"]).startswith("/var/cache/xdrift/")
        assert str(environ["MPLCONFIGDIR"]).startswith("/var/cache/xdrift/")
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", VALUES)
def test_every_mount_has_its_volume_and_every_volume_a_mount(helm4: Helm, name: str) -> None:
    for pod, container in containers(helm4.objects(name)):
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_no_secret_stands_in_a_configmap_or_in_the_environment(helm4: Helm) -> None:
    objects = helm4.objects("production")

    assert not [each for each in objects if each["kind"] == "Secret"]
    assert "${WAREHOUSE_PASSWORD}" in one(objects, "ConfigMap", "watch-xdrift")["data"]["xdrift.yaml"]
    for _, container in containers(objects):
        assert not [each for each in container["env"] if "secretKeyRef" in str(each)]
    volumes = {each["name"]: each for each in pod_of(objects)["spec"]["volumes"]}
    assert volumes["store-url"]["secret"] == {
        "secretName": "xdrift-store",
        "defaultMode": 0o440,
        "items": [{"key": "dsn", "path": "url"}],
    }


# probes, test pod, replicas


def test_probes_ask_paths_that_the_daemon_serves(helm4: Helm) -> None:
    from monitor.publish import app

    routes = Path(str(app.__file__)).read_text(encoding="utf-8")
    (container,) = pod_of(helm4.objects("sqlite"))["spec"]["containers"]

    for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        assert f'"{path}"' in routes
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 300  # migrations of a large history


def test_a_daemon_gets_the_time_that_it_takes_to_stop(helm4: Helm) -> None:
    from monitor.daemon import service

    grace = pod_of(helm4.objects("sqlite"))["spec"]["terminationGracePeriodSeconds"]

    assert grace > (service.GRACE + service._ENDING).total_seconds()


def test_the_service_finds_the_daemon_and_not_the_test_pod(helm4: Helm) -> None:
    objects = helm4.objects("sqlite")
    selector = one(objects, "Service")["spec"]["selector"].items()

    assert selector <= pod_of(objects)["metadata"]["labels"].items()
    assert one(objects, "Deployment")["spec"]["selector"]["matchLabels"].items() == selector
    test = one(objects, "Pod")
    assert not selector <= test["metadata"]["labels"].items()
    assert test["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert test["spec"]["containers"][0]["args"] == ["doctor"]


def test_replicas_are_spread_and_disrupted_one_by_one(helm4: Helm) -> None:
    many, single = helm4.objects("production"), helm4.objects("production", "--set", "replicas=1")

    spread = pod_of(many)["spec"]["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert one(many, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert one(many, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert "topologySpreadConstraints" not in pod_of(single)["spec"]
    assert "PodDisruptionBudget" not in {each["kind"] for each in single}


def test_a_volume_on_one_node_is_left_before_it_is_taken(helm4: Helm) -> None:
    objects = helm4.objects("sqlite")

    assert one(objects, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert one(objects, "PersistentVolumeClaim")["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "podAffinity" in one(objects, "Pod")["spec"]["affinity"]


def test_a_digest_wins_over_a_tag(helm4: Helm) -> None:
    def image(name: str, *words: str) -> str:
        return str(pod_of(helm4.objects(name, *words))["spec"]["containers"][0]["image"])

    assert image("sqlite") == f"xdrift:{__version__}"
    assert image("trial") == "xdrift:0.1.0-rc1"
    assert image("production", "--set", "image.tag=latest").endswith("/xdrift@sha256:" + "0123456789abcdef" * 4)


def test_a_cronjob_runs_the_check_and_lets_verdicts_be(helm4: Helm) -> None:
    objects = helm4.objects("cronjob")
    job = one(objects, "CronJob")["spec"]

    assert job["concurrencyPolicy"] == "Forbid"
    assert job["startingDeadlineSeconds"] >= 200
    assert job["timeZone"] == "Etc/UTC"
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 1
    (container,) = pod_of(objects)["spec"]["containers"]
    assert container["args"] == ["check", "--exit-zero", "--push", "http://pushgateway.monitoring:9091"]
    assert {"Deployment", "Service", "ServiceMonitor"}.isdisjoint(each["kind"] for each in objects)


def test_names_of_long_releases_stay_within_the_limits(helm4: Helm) -> None:
    ran = helm4("template", "a" * 53, CHART, "--values", CHART / "ci" / "cronjob-values.yaml")

    assert ran.code == 0
    names = [each["metadata"]["name"] for each in yaml.safe_load_all(ran.out) if each]
    assert max(map(len, names)) <= 63
    assert len(one([each for each in yaml.safe_load_all(ran.out) if each], "CronJob")["metadata"]["name"]) <= 52


def test_whole_objects_and_templates_may_be_added(helm4: Helm) -> None:
    names = {each["metadata"]["name"] for each in helm4.objects("production") if each["kind"] == "ConfigMap"}

    assert {"models-readme", "watch-xdrift-extra"} <= names


# notes


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sqlite", "xdrift reference create late-arrivals --author YOU"),
        ("production", "kubectl -n ml exec deploy/watch-xdrift -- xdrift doctor"),
        ("production", "alerts/alertmanager.example.yml"),
        ("cronjob", '["reference", "create", "churn-weekly", "--author", "YOU", "--reason", "approved"]'),
        ("trial", "Warning: persistence is off"),
        ("trial", "Warning: links in alerts lead to example.org"),
        ("existing", "rollout restart deploy/watch"),
    ],
)
def test_the_notes_say_the_next_command(helm4: Helm, name: str, told: str) -> None:
    """Helm 3 renders them only against a cluster."""
    file = CHART / "ci" / f"{name}-values.yaml"
    ran = helm4("install", "watch", CHART, "--namespace", "ml", "--dry-run=client", "--values", file)

    assert ran.code == 0, ran.err
    assert told in ran.out.partition("\nNOTES:\n")[2]


# values


def test_values_are_short_and_each_is_in_the_schema() -> None:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    assert len(text.splitlines()) < 150
    assert set(yaml.safe_load(text)) | {"global"} == set(schema["properties"])


def test_what_is_ours_takes_no_unknown_key() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    def owned(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            if "properties" in part:
                yield part
            for inner in part.values():
                yield from owned(inner)

    found = list(owned(schema))
    assert len(found) > 15
    assert [part for part in found if part.get("additionalProperties") is not False] == []


REFUSED: dict[str, tuple[str, str]] = {
    "unknown key": ("replicaCount: 2", "replicaCount"),
    "unknown key within": ("image: {name: xdrift}", "name"),
    "unknown key of a secret": ("secretFiles: [{name: A, existingSecret: b, key: c, path: d}]", "path"),
    "wrong word": ("mode: statefulset", "mode"),
    "wrong kind": ("replicas: two", "replicas"),
    "wrong digest": ("image: {digest: sha256:12}", "digest"),
    "a deadline that never starts": ("cronjob: {startingDeadlineSeconds: 5}", "startingDeadlineSeconds"),
    "grace longer than nodes wait": ("terminationGracePeriodSeconds: 900", "terminationGracePeriodSeconds"),
    "replicas on SQLite": ("replicas: 2", "several pods cannot share an SQLite file"),
    "PostgreSQL without secret": ("store: {kind: postgresql}", "needs store.existingSecret"),
    "a secret for SQLite": ("store: {existingSecret: a}", "are for store.kind: postgresql"),
    "a URL nobody uses": (
        "store: {kind: postgresql, existingSecret: a, url: 'postgresql://b/c'}",
        "used only with store.create",
    ),
    "two secrets": (
        "store: {kind: postgresql, existingSecret: a, create: true, url: 'postgresql://b/c'}",
        "both given",
    ),
    "no monitors": ("config: {monitors: []}", "config.monitors is empty"),
    "a database in the ConfigMap": ("config: {store: {url: 'postgresql://a:b@c/d'}}", "where passwords must not be"),
    "an address of its own": ("config: {server: {port: 8080}}", "set by the chart"),
    "two configurations": ("existingConfigMap: a", "the configuration stands in one place"),
    "cron without gateway": ("mode: cronjob", "needs cronjob.pushgateway"),
    "cron with scrapes": (
        "mode: cronjob\ncronjob: {pushgateway: 'http://a'}\nserviceMonitor: {enabled: true}",
        "serviceMonitor is for mode: deployment",
    ),
    "cron with a log": (
        "mode: cronjob\ncronjob: {pushgateway: 'http://a'}\nconfig: {monitors: [{name: m, telemetry: {path: /l}}]}",
        "monitor m has telemetry, which only a daemon reads",
    ),
    "cron with reports": (
        "mode: cronjob\ncronjob: {pushgateway: 'http://a'}\nconfig: {reports: {directory: /tmp/r}}",
        "config.reports are made by a daemon",
    ),
    "reports beside the configuration": ("config: {reports: {directory: reports}}", "cannot be written"),
    "reports on the read-only root": ("config: {reports: {directory: /srv/reports}}", "/srv/reports cannot be written"),
    "reports on a volume that is read": (
        "config: {reports: {directory: /srv/reports}}\nextraVolumes: [{name: r, emptyDir: {}}]\n"
        "extraVolumeMounts: [{name: r, mountPath: /srv, readOnly: true}]",
        "/srv/reports cannot be written",
    ),
    "labels that select the pods": ("podLabels: {app.kubernetes.io/name: mine}", "app.kubernetes.io/name"),
    "labels twice": ("prometheusRule: {labels: {helm.sh/chart: mine}}", "helm.sh/chart"),
    "annotations that roll the pods": ("podAnnotations: {checksum/config: mine}", "checksum/config"),
    "a name that Kubernetes refuses": ("fullnameOverride: Drift_Watch", "fullnameOverride"),
}


@pytest.mark.parametrize(
    "directory",
    ["/var/lib/xdrift/reports", "/srv/reports", "/srv/reports/weekly/"],
)
def test_reports_go_to_a_volume_that_is_written(helm: Helm, directory: str, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "more.yaml").write_text(
        f"config: {{reports: {{directory: {directory}}}}}\nextraVolumes: [{{name: r, emptyDir: {{}}}}]\n"
        "extraVolumeMounts: [{name: r, mountPath: /srv/reports}]\n"
    )

    ran = helm("template", "watch", CHART, "--values", tmp_path / "small.yaml", "--values", tmp_path / "more.yaml")

    assert ran.code == 0, ran.err


def test_an_empty_part_of_the_configuration_is_no_part(helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "more.yaml").write_text(
        "config: {reports: null, server: null, grafana: null}\n"
        "prometheusRule: {enabled: true}\ngrafanaDashboards: {enabled: true}\n"
    )

    ran = helm("template", "watch", CHART, "--values", tmp_path / "small.yaml", "--values", tmp_path / "more.yaml")

    assert ran.code == 0, ran.err


@pytest.mark.parametrize("what", REFUSED)
def test_values_that_cannot_work_are_refused_with_the_reason(helm: Helm, what: str, tmp_path: Path) -> None:
    values, told = REFUSED[what]
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "more.yaml").write_text(values)
    given = ["--values", tmp_path / "small.yaml", "--values", tmp_path / "more.yaml"]

    ran = helm("template", "watch", CHART, *given)

    assert ran.code != 0
    assert told in ran.err
