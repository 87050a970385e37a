"""Rules, routing and runbooks speak of what exists: metrics and labels that the daemon exports, commands, pages."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from alerts.generate import LINKS
from alerts.model import Alert
from alerts.render import alerts, prometheus
from monitor import names
from monitor.cli import app

ALERTS = Path(__file__).parents[2] / "alerts"
RULES = [rule for group in prometheus(LINKS)["groups"] for rule in group["rules"]]
RECORDS = {rule["record"] for rule in RULES if "record" in rule}
NAMES = [alert.name for alert in alerts(LINKS)]
RUNBOOKS = sorted((ALERTS / "runbooks").iterdir())
TARGET = {"cluster", "namespace", "job", "instance", "pod"}
JOINED = {"model_version", "model_owner", "tier", "cadence"}
SLOTH = {"sloth_id", "sloth_service", "sloth_slo", "sloth_window", "sloth_mode", "sloth_spec"}
LABELS = {label for metric in names.METRICS.values() for label in metric.labels} | TARGET | SLOTH | {"le"}
VALUES: dict[str, tuple[str, ...]] = {
    "view": names.VIEW_VALUES,
    "verdict": names.VERDICTS,
    "slo": names.SLOS,
    "cadence": names.CADENCES,
    "tier": names.TIERS,
    "level": names.LEVEL_NAMES,
    "source": names.EXPLANATION_SOURCES,
    "kind": (*names.PRIVACY_KINDS, *names.COMPUTE_KINDS),
    "reason": (*names.FAILURE_REASONS, *names.UNEXPLAINED_REASONS, *names.ERROR_REASONS),
}


def metric_of(word: str) -> str | None:
    """The exported metric that a series belongs to; None for a name that is not ours."""
    for suffix in ("", "_bucket", "_sum", "_count"):
        name = word.removesuffix(suffix) if suffix else word
        found = names.METRICS.get(name)
        if found and (not suffix or found.kind == "histogram"):
            return name
    return None


def series(text: str) -> Iterator[tuple[str, str]]:
    """(name, what stands in its braces) of everything in an expression that is called like a series of ours."""
    for found in re.finditer(r"([a-z_]+:)*(?:xdrift|sloth|slo)[a-z0-9_:]*[a-z0-9_](\{[^}]*\})?", text):
        name = found[0].partition("{")[0]
        if ":" in name or name.startswith("xdrift_"):
            yield name, found[2] or ""


def wrong_series(text: str) -> list[str]:
    """Names that nothing exports, labels that they do not carry, values that these labels never have."""
    wrong = []
    for name, matchers in series(text):
        metric = metric_of(name)
        if metric is None and name not in RECORDS:
            wrong.append(name)
        labels = set(names.METRICS[metric].labels) | TARGET | {"le"} if metric else LABELS
        for label, value in re.findall(r'(\w+)\s*[=!]~?"([^"]*)"', matchers):
            if label not in labels:
                wrong.append(f"{name}: {label}")
            known = VALUES.get(label)
            wrong += [f"{name}: {label}={one}" for one in value.split("|") if known and one not in known]
    return wrong


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.get('record') or rule['alert']}")
def test_a_rule_reads_what_is_exported(rule: dict[str, Any]) -> None:
    assert wrong_series(rule["expr"]) == []
    grouped = re.findall(r"\b(?:by|on|without|group_left) \(([^)]*)\)", rule["expr"])
    assert {label.strip() for labels in grouped for label in labels.split(",") if label.strip()} <= LABELS


def test_the_guards_notice_a_wrong_name_label_or_value() -> None:
    assert wrong_series("xdrift_drift_levels > 1") == ["xdrift_drift_levels"]
    assert wrong_series('xdrift_drift_level{views="total"}') == ["xdrift_drift_level: views"]
    assert wrong_series('xdrift_drift_level{view=~"total|all"}') == ["xdrift_drift_level: view=all"]
    assert wrong_series("slo:burn_rate:ratio_rate9h > 1") == ["slo:burn_rate:ratio_rate9h"]
    assert wrong_commands("`xdrift reference forget MONITOR`") == ["xdrift reference forget MONITOR"]
    assert wrong_commands("`xdrift drill MONITOR --injects none`") == ["xdrift drill MONITOR --injects none"]


@pytest.mark.parametrize("alert", list(alerts(LINKS)), ids=lambda alert: alert.name)
def test_an_alert_says_what_a_person_needs(alert: Alert) -> None:
    rule = next(rule for rule in RULES if rule.get("alert") == alert.name)
    texts = rule["annotations"]

    assert set(texts) == {"summary", "description", "runbook_url", "dashboard_url", "page_url"}
    assert alert.name.startswith("Explanation")
    assert "{{" not in texts["summary"], "the summary is the same for every alert of a group"
    assert texts["summary"].endswith(".")
    assert texts["runbook_url"].endswith(f"/{alert.name}.md")
    assert (ALERTS / "runbooks" / f"{alert.name}.md").exists()
    assert ("{{ $labels.monitor }}" in texts["page_url"]) == (not alert.whole)
    assert set(re.findall(r"\$labels\.(\w+)", " ".join(texts.values()))) <= LABELS
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert not {"feature", "test_id", "check_id", "record_id"} & set(rule["labels"])
    assert "xdrift_feature_" not in rule["expr"], "no alert is about single features"


def test_every_alert_about_a_monitor_says_whose_it_is() -> None:
    for alert in alerts(LINKS):
        assert alert.whole or alert.alert_class == "config" or "monitor:xdrift_monitor_info:latest" in alert.expr


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_has_four_headings_on_one_screen_and_asks_in_metrics_and_commands(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \|.*", text, re.M)

    assert path.stem in NAMES
    assert re.findall(r"^## (.*)", text, re.M) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert len(text.splitlines()) <= 40
    assert wrong_series(text) == []
    assert wrong_commands(text) == []
    assert len(rows) >= 2
    for row in rows:
        looked_at = row.split(" | ")[2]
        assert looked_at.count("`") == 2, f"one expression or one command: {row}"
        assert looked_at.startswith("`xdrift ") or "xdrift_" in looked_at or "slo:" in looked_at or "up{" in looked_at
    for link in re.findall(r"\]\(([^)]*)\)", text):
        assert (path.parent / link).exists()


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, found in getattr(command, "commands", {}).items():
        yield f"{path} {name}", found
        yield from commands(found, f"{path} {name}")


COMMANDS = dict(commands(typer.main.get_command(app), "xdrift"))


def wrong_commands(text: str) -> list[str]:
    """Commands in backticks that do not exist, or have options that do not."""
    wrong = []
    for line in re.findall(r"`(xdrift [^`]*)`", text):
        words = shlex.split(line)
        depth = max((n for n in (2, 3) if " ".join(words[:n]) in COMMANDS), default=0)
        command = COMMANDS.get(" ".join(words[:depth]))
        options = {option for parameter in getattr(command, "params", ()) for option in parameter.opts}
        if command is None or hasattr(command, "commands") or not {w for w in words if w.startswith("--")} <= options:
            wrong.append(line)
    return wrong


@pytest.mark.promtool
def test_every_question_of_a_runbook_is_an_expression_that_prometheus_understands(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; apt-get install prometheus")
    asked = [
        words
        for path in RUNBOOKS
        for words in re.findall(r"`([^`]*)`", path.read_text(encoding="utf-8"))
        if re.search(r"xdrift_|slo:|up\{", words)
    ]
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", "rules.yaml"], cwd=tmp_path, capture_output=True, text=True)

    assert len(asked) > 60
    assert done.returncode == 0, done.stdout + done.stderr
