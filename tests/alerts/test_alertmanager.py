"""The routing example: which alert reaches whom, and what holds what back."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.generate import LINKS
from alerts.render import alerts

FILE = Path(__file__).parents[2] / "alerts" / "alertmanager.example.yml"
CONTENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
RULES = {alert.name: alert for alert in alerts(LINKS)}
WHO = {"job": "xdrift", "monitor": "m1", "model": "credit", "model_version": "v1", "model_owner": "risk"}
pytestmark = pytest.mark.promtool

RECEIVERS = (
    ("ExplanationSLOBurnFast", "critical", "page"),
    ("ExplanationSLOBurnFast", "standard", "ticket"),
    ("ExplanationSLOBurnSlow", "critical", "ticket"),
    ("ExplanationBudgetHalfBurned24h", "critical", "page"),
    ("ExplanationErrorBudgetSpent", "critical", "ticket"),
    ("ExplanationSLOPageUnreachable", "critical", "nobody"),
    ("ExplanationCoverageZero", "critical", "page"),
    ("ExplanationCoverageZero", "experimental", "ticket"),
    ("ExplanationLatencyP95Breach", "critical", "page"),
    ("ExplanationPrivacyIncident", "critical", "page-privacy"),
    ("ExplanationPrivacyIncident", "experimental", "page-privacy"),
    ("ExplanationFallbackRate", "critical", "ticket"),
    ("ExplanationOfflineRuntimeGap", "critical", "ticket"),
    ("ExplanationTelemetryStale", "critical", "ticket"),
    ("ExplanationTelemetryQuarantine", "critical", "ticket"),
    ("ExplanationDriftSevere", "critical", "page"),
    ("ExplanationDriftSevere", "standard", "ticket"),
    ("ExplanationPipelineBroken", "critical", "page"),
    ("ExplanationExplainerBroken", "critical", "page"),
    ("ExplanationSegmentDrift", "critical", "ticket"),
    ("ExplanationDriftGradual", "critical", "ticket"),
    ("ExplanationDriftTrend", "critical", "digest"),
    ("ExplanationMigrationInProgress", "critical", "nobody"),
    ("ExplanationChecksFailing", "critical", "ticket"),
    ("ExplanationCannotJudge", "critical", "ticket"),
    ("ExplanationCheckStale", "critical", "ticket"),
    ("ExplanationCanaryAboveBudget", "critical", "ticket"),
    ("ExplanationNotificationsFailing", "critical", "ticket"),
    ("ExplanationPlatformFailing", "", "page-platform"),
    ("ExplanationMonitorDown", "", "page-platform"),
    ("ExplanationSchedulerStalled", "", "page-platform"),
    ("ExplanationCollectorDown", "", "page-platform"),
    ("ExplanationMonitorsAbsent", "", "ticket"),
    ("ExplanationReportFailing", "", "ticket"),
)


@pytest.fixture(scope="module")
def amtool() -> str:
    found = shutil.which("amtool")
    if found is None:
        pytest.skip("amtool is not installed; apt-get install prometheus-alertmanager")
    return found


def route(amtool: str, labels: dict[str, str], receiver: str) -> subprocess.CompletedProcess[str]:
    words = [f"{name}={value}" for name, value in labels.items() if value]
    command = [amtool, "config", "routes", "test", f"--config.file={FILE}", f"--verify.receivers={receiver}", *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_amtool_accepts_the_file(amtool: str) -> None:
    done = subprocess.run([amtool, "check-config", str(FILE)], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "tier", "receiver"), RECEIVERS)
def test_an_alert_reaches_its_receiver(amtool: str, name: str, tier: str, receiver: str) -> None:
    alert = RULES[name]
    labels = {"alertname": name, "severity": alert.severity, "alert_class": alert.alert_class, "tier": tier}
    done = route(amtool, ({"job": "xdrift"} if alert.whole else WHO) | labels, receiver)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_receiver_would_be_noticed(amtool: str) -> None:
    assert route(
        amtool, WHO | {"severity": "critical", "alert_class": "drift", "tier": "critical"}, "ticket"
    ).returncode


def test_the_table_names_every_alert() -> None:
    assert {name for name, _, _ in RECEIVERS} == set(RULES)


def test_the_watchdog_goes_outside(amtool: str) -> None:
    assert route(amtool, {"alertname": "Watchdog", "severity": "none"}, "heartbeat").returncode == 0


def test_routing_names_classes_and_alerts_that_exist() -> None:
    text = FILE.read_text(encoding="utf-8")
    named = {f"Explanation{rest}" for rest in re.findall(r"Explanation(\w+)", text)}
    for group in re.findall(r"Explanation\(([^)]*)\)", text):
        named |= {f"Explanation{rest}" for rest in group.split("|")}
    classes = {word for words in re.findall(r'alert_class =~? "([^"]*)"', text) for word in words.split("|")}

    assert named <= set(RULES)
    assert classes <= {alert.alert_class for alert in RULES.values()}


def held_back(source: str, target: dict[str, str]) -> bool:
    """A rule lets `source` hold back an alert with these labels."""
    labels = {"alertname": source, "severity": RULES[source].severity, "alert_class": RULES[source].alert_class}
    return any(
        matches(rule["source_matchers"], labels) and matches(rule["target_matchers"], target)
        for rule in CONTENT["inhibit_rules"]
    )


def matches(matchers: list[str], labels: dict[str, str]) -> bool:
    parts = [re.fullmatch(r'(\w+) (=~|=) "(.*)"', matcher) for matcher in matchers]
    return all(
        re.fullmatch(part[3], labels.get(part[1], "")) if part[2] == "=~" else labels.get(part[1], "") == part[3]
        for part in parts
        if part
    )


EXPECTED = {f"Explanation{name}" for name in ("DriftSevere", "DriftGradual", "DriftTrend", "SegmentDrift")}
"""What a declared maintenance explains."""


@pytest.mark.parametrize("name", RULES)
def test_maintenance_holds_back_levels_and_trends_and_nothing_else(name: str) -> None:
    target = {"alertname": name, "severity": RULES[name].severity, "alert_class": RULES[name].alert_class}

    assert held_back("ExplanationMigrationInProgress", target) == (name in EXPECTED)


def test_personal_data_zero_coverage_and_a_broken_explainer_are_never_held_back() -> None:
    for name in ("ExplanationPrivacyIncident", "ExplanationCoverageZero", "ExplanationExplainerBroken"):
        target = {"alertname": name, "severity": "critical", "alert_class": RULES[name].alert_class}
        assert not any(held_back(source, target) for source in RULES)


@pytest.mark.parametrize("source", ["MonitorDown", "SchedulerStalled", "CollectorDown", "PlatformFailing"])
def test_a_broken_installation_holds_back_what_it_does_to_freshness(source: str) -> None:
    burnt = {"alertname": "ExplanationSLOBurnFast", "severity": "critical", "alert_class": "slo"}

    assert held_back(f"Explanation{source}", burnt | {"slo": "freshness"})
    assert not held_back(f"Explanation{source}", burnt | {"slo": "coverage"})


def test_only_the_same_monitor_or_installation_is_held_back() -> None:
    for rule in CONTENT["inhibit_rules"]:
        assert {"cluster", "namespace", "job"} <= set(rule["equal"])


def test_pages_are_grouped_by_model_and_version_and_never_muted() -> None:
    routes = {entry["receiver"]: entry for entry in CONTENT["route"]["routes"]}

    assert routes["page"]["group_by"] == ["cluster", "namespace", "model", "model_version"]
    assert {"cluster", "namespace", "monitor", "kind"} <= set(routes["page-privacy"]["group_by"])
    assert not any("mute_time_intervals" in routes[name] for name in routes if name.startswith("page"))
    assert routes["ticket"]["mute_time_intervals"]
    assert routes["digest"]["active_time_intervals"] == ["weekly-review"]
