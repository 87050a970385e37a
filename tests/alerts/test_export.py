"""Objectives of the configuration in other tools' formats."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from alerts.cases.model import M1, Case, between, checked, covered, info, join, objective
from alerts.generate import LINKS
from alerts.promtool import run
from alerts.render import prometheus
from monitor.settings import MonitorSettings
from monitor.slo.export import COUNTERS, EVENTS, FORMATS, MINUTES, objectives, specifications

from .test_contracts import wrong_series


def monitor(**more: Any) -> MonitorSettings:
    given = {
        "name": "fraud-prod",
        "owner": "risk",
        "model": {"path": "model.json"},
        "holdout": {"path": "holdout.parquet"},
        "predictions": {"path": "log.parquet", "columns": {"time": "at", "id": "id"}},
        "schedule": {"every": "1h"},
        "slo": {"coverage": 0.995, "period": "28d"},
    }
    return TypeAdapter(MonitorSettings).validate_python(given | more)


SERVED = {"telemetry": {"path": "log.jsonl"}}


def strings(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [text for value in document.values() for text in strings(value)]
    if isinstance(document, list):
        return [text for value in document for text in strings(value)]
    return [document] if isinstance(document, str) else []


@pytest.mark.parametrize("form", FORMATS)
def test_queries_read_what_is_exported_or_recorded(form: str) -> None:
    texts = [text for text in strings(specifications(form, [monitor(**SERVED)])) if "xdrift_" in text]

    assert len(texts) >= 7
    for text in texts:
        assert wrong_series(text) == []
        assert 'monitor="fraud-prod"' in text


@pytest.mark.parametrize("form", FORMATS)
def test_every_objective_but_privacy_is_exported_with_its_number(form: str) -> None:
    text = str(specifications(form, [monitor(**SERVED)]))

    assert set(objectives(monitor(**SERVED))) == {*EVENTS, *MINUTES}
    assert set(COUNTERS) == set(EVENTS)
    assert "99.5" in text or "0.995" in text
    assert 'slo="privacy"' not in text


def test_a_monitor_without_an_explanation_log_has_no_objectives_on_it() -> None:
    assert set(objectives(monitor())) == {"checks", "freshness", "drift", "explanations"}


def test_sloth_gets_percent_and_its_window_and_does_not_page_for_drift() -> None:
    (document,) = specifications("sloth", [monitor(**SERVED)])
    slos = {one["name"]: one for one in document["slos"]}

    assert document["version"] == "prometheus/v1"
    assert slos["coverage"]["objective"] == 99.5
    assert slos["drift"]["alerting"]["page_alert"] == {"disable": True}
    assert slos["coverage"]["alerting"]["page_alert"]["labels"] == {"severity": "critical"}


@pytest.mark.promtool
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed; apt-get install prometheus")
@pytest.mark.parametrize(
    ("slo", "seen"),
    [
        # Bad in the first minute, which a window of 5 minutes has forgotten after 7.
        ("freshness", (("1m", "5m"), ("1m", "1h"), ("4m", "5m"), ("30m", "1h"), ("3h", "6h"))),
        ("coverage", (("30m", "5m"), ("2h", "1h"))),
    ],
)
def test_sloth_measures_what_our_own_rules_record(slo: str, seen: tuple[tuple[str, str], ...], tmp_path: Path) -> None:
    (document,) = specifications("sloth", [monitor(name="m1", **SERVED)])
    query = {one["name"]: one["sli"]["raw"]["error_ratio_query"] for one in document["slos"]}[slo]

    def ratio(window: str) -> str:
        ours = f'slo:sli_error:ratio_rate{window}{{{M1}, slo="{slo}"}}'
        return f"max({query.replace('{{.window}}', window)}) / max({ours} > 0)"

    case = Case(
        name="Sloth's query beside our record",
        series=join(
            info(),
            objective(slo, 0.99),
            checked(success="-90000 0+60x{n}"),
            covered("0+200x{n}", "0+3x{n}", left_out="0+100x{n}"),
        ),
        values=tuple(between(at, ratio(window), 0.96, 1.04) for at, window in seen),
        behind=False,
        twins=False,
    )

    assert run(case, prometheus(LINKS), tmp_path) == ""


def test_pyrra_is_told_not_to_alert_on_absence() -> None:
    documents = {one["metadata"]["name"]: one["spec"] for one in specifications("pyrra", [monitor(**SERVED)])}

    assert documents["xdrift-fraud-prod-coverage"]["target"] == "99.5"
    assert documents["xdrift-fraud-prod-coverage"]["window"] == "28d"
    assert all(spec["alerting"] == {"absent": False} for spec in documents.values())
    assert documents["xdrift-fraud-prod-drift"]["indicator"] == {
        "bool_gauge": {"metric": 'monitor_slo:xdrift_healthy:bool{monitor="fraud-prod",slo="drift"}'}
    }


def test_what_sampling_left_out_is_no_bad_event_and_for_openslo_no_event() -> None:
    (pyrra,) = [one for one in specifications("pyrra", [monitor(**SERVED)]) if one["metadata"]["name"].endswith("rage")]
    (openslo,) = [
        one for one in specifications("openslo", [monitor(**SERVED)]) if one["metadata"]["name"].endswith("rage")
    ]
    ratio, queries = pyrra["spec"]["indicator"]["ratio"], openslo["spec"]["indicator"]["spec"]["ratioMetric"]
    unexplained = 'xdrift_predictions_unexplained_total{monitor="fraud-prod",reason'

    assert ratio["errors"]["metric"] == f'{unexplained}!="sampling"}}'
    assert ratio["total"]["metric"] == 'xdrift_predictions_total{monitor="fraud-prod"}'
    assert queries["bad"]["metricSource"]["spec"]["query"] == f'max(sum without (reason) ({unexplained}!="sampling"}}))'
    assert queries["total"]["metricSource"]["spec"]["query"] == (
        f'max(xdrift_predictions_total{{monitor="fraud-prod"}} - ignoring (reason) {unexplained}="sampling"}})'
    )


def test_openslo_counts_events_or_minutes() -> None:
    documents = {one["metadata"]["name"]: one["spec"] for one in specifications("openslo", [monitor(**SERVED)])}

    assert documents["fraud-prod-coverage"]["budgetingMethod"] == "Occurrences"
    assert documents["fraud-prod-freshness"]["budgetingMethod"] == "Timeslices"
    assert documents["fraud-prod-coverage"]["objectives"][0]["target"] == 0.995
    assert documents["fraud-prod-freshness"]["objectives"][0]["timeSliceWindow"] == "1m"
    assert {spec["timeWindow"][0]["duration"] for spec in documents.values()} == {"28d"}
