from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitor import names
from monitor.errors import StoreError
from monitor.publish.collector import SnapshotCollector
from monitor.publish.health import Health
from monitor.publish.metrics import Metrics
from monitor.publish.snapshot import MAX_AGE, SnapshotHolder
from monitor.types import Counter, Finding, Snapshot

from .fleet import FEATURES, NOW, MemoryReader, empty_fleet, fleet

GOLDEN = Path(__file__).parent / "golden" / "metrics.txt"
M = {"monitor": "fraud-prod", "model": "card-fraud"}


def exposed(reader: MemoryReader, *, features: int = 3) -> str:
    """The text of a scrape, without what differs between two runs."""
    holder = SnapshotHolder(reader)
    holder.refresh(NOW)
    metrics = Metrics(
        holder,
        health=lambda: Health(heartbeat_at=NOW, checks_in_progress=1),
        version="1.2.3",
        revision="abc1234",
        features_per_monitor=features,
        clock=lambda: NOW,
        process=False,
    )
    severe = reader.checks("fraud-prod", limit=1)
    for check in severe:
        metrics.observe(check)
    return metrics.render()[0].decode()


def families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(text: str, name: str, **labels: str) -> float | None:
    """The one sample of that name and exactly those labels."""
    found = [
        s for f in text_string_to_metric_families(text) for s in f.samples if s.name == name and s.labels == labels
    ]
    assert len(found) <= 1
    return found[0].value if found else None


def collected(source: object, **options: object) -> dict[str, Metric]:
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(source, **options))  # type: ignore[arg-type]
    return families(generate_latest(registry).decode())


def normalised(text: str) -> str:
    """Without the Python version and the read's duration, which are the machine's."""
    text = re.sub(r'(?m)^(xdrift_build_info{.*python=")[^"]*', r"\1X", text)
    return re.sub(r"(?m)^(xdrift_collector_duration_seconds) .*$", r"\1 0.0", text)


def test_the_whole_exposition_is_as_recorded() -> None:
    seen = normalised(exposed(fleet()))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(seen)
    assert seen == GOLDEN.read_text(), "look at the difference; UPDATE_GOLDEN=1 records it"


@pytest.mark.promtool
@pytest.mark.parametrize("reader", [fleet(), empty_fleet()], ids=["fleet", "empty"])
def test_promtool_has_no_complaint(reader: MemoryReader) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; apt-get install prometheus")
    holder = SnapshotHolder(reader)
    holder.refresh(NOW)
    metrics = Metrics(holder, health=lambda: Health(heartbeat_at=NOW), version="1.2.3", clock=lambda: NOW)
    done = subprocess.run([promtool, "check", "metrics"], input=metrics.render()[0], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_exported_name_kind_and_label_is_in_names() -> None:
    for family in families(exposed(fleet())).values():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        declared = names.METRICS[name]
        assert (family.type, family.documentation) == (declared.kind, declared.help)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(declared.labels)


def test_every_declared_metric_has_a_sample_for_the_fleet() -> None:
    text = exposed(fleet())
    sampled = {f"{f.name}_total" if f.type == "counter" else f.name for f in families(text).values() if f.samples}
    assert sampled == set(names.METRICS)


def test_no_created_series_are_exported() -> None:
    assert "_created" not in exposed(fleet()).replace("monitor_created", "").replace("reference_created", "")


def test_open_metrics_is_given_to_those_who_ask() -> None:
    metrics = Metrics(SnapshotHolder(fleet()), health=lambda: Health(heartbeat_at=None), version="1")
    body, kind = metrics.render("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_known_label_sets_start_at_zero_without_any_counter_in_the_store() -> None:
    snapshot = dataclasses.replace(fleet().snapshot(NOW), counters=())
    found = collected(lambda: snapshot, clock=lambda: NOW)["xdrift_check_failures"]
    assert {s.labels["reason"] for s in found.samples if s.labels["monitor"] == "fraud-prod"} == set(
        names.FAILURE_REASONS
    )
    assert {sample.value for sample in found.samples} == {0.0}


def test_a_counter_of_the_store_replaces_its_zero() -> None:
    assert value(exposed(fleet()), "xdrift_check_failures_total", **M, reason="sampling") == 1


def test_a_counter_unknown_to_names_is_left_out_and_the_rest_stays() -> None:
    odd = Counter(name="xdrift_odd_total", labels={}, value=1.0)
    snapshot = dataclasses.replace(fleet().snapshot(NOW), counters=(odd,))
    found = collected(lambda: snapshot, clock=lambda: NOW)
    assert "xdrift_odd" not in found
    assert found["xdrift_collector_up"].samples[0].value == 1


def test_a_view_never_judged_has_no_level_so_that_it_cannot_read_as_fine() -> None:
    reader = fleet()
    snapshot = reader.snapshot(NOW)
    new = dataclasses.replace(snapshot.monitors[0], levels={}, last_check=None, streaks={})
    found = collected(lambda: dataclasses.replace(snapshot, monitors=(new,)), clock=lambda: NOW)
    assert found["xdrift_drift_level"].samples == []
    assert {s.value for s in found["xdrift_verdict"].samples} == {0.0}
    assert {s.labels["view"] for s in found["xdrift_drift_streak_checks"].samples} == set(names.VIEW_VALUES)


def test_the_newest_prediction_is_exported_as_seconds_and_not_at_all_where_none_was_seen() -> None:
    name, snapshot = "xdrift_check_newest_row_timestamp_seconds", fleet().snapshot(NOW)
    for newest_at, expected in ((NOW, [NOW.timestamp()]), (None, [])):
        told = tuple(dataclasses.replace(status, newest_at=newest_at) for status in snapshot.monitors[:1])
        found = collected(lambda told=told: dataclasses.replace(snapshot, monitors=told), clock=lambda: NOW)
        assert [sample.value for sample in found[name].samples] == expected


def test_levels_are_held_while_the_latest_check_could_not_judge() -> None:
    text = exposed(fleet())
    thin = {"monitor": "credit-limit", "model": "credit-limit"}
    assert value(text, "xdrift_verdict", **thin, verdict="unknown") == 1
    assert value(text, "xdrift_verdict", **thin, verdict="none") == 0
    assert value(text, "xdrift_drift_level", **thin, view="total") == 0
    assert value(text, "xdrift_drift_score", **thin, view="total", test="psi_max") is None


def test_the_score_is_the_largest_over_features_and_its_thresholds_are_that_features() -> None:
    text = exposed(fleet())
    check = fleet().snapshot(NOW).monitors[1].last_check
    assert check is not None
    largest = max(f.statistic or 0 for f in check.findings if (f.view, f.test) == ("holdout", "psi"))
    assert value(text, "xdrift_drift_score", **M, view="holdout", test="psi_max") == largest
    assert value(text, "xdrift_drift_threshold", **M, view="holdout", test="psi_max", level="severe") == 0.2


def test_a_feature_too_unimportant_to_alarm_stands_for_the_score_only_where_no_other_can() -> None:
    snapshot = fleet().snapshot(NOW)
    status = snapshot.monitors[1]
    assert status.last_check is not None

    def score(*findings: Finding) -> float | None:
        check = dataclasses.replace(status.last_check, findings=findings, model_numbers={})
        shown = dataclasses.replace(snapshot, monitors=(dataclasses.replace(status, last_check=check),))
        found = collected(lambda: shown, clock=lambda: NOW)["xdrift_drift_score"].samples
        numbers = [s.value for s in found if (s.labels["view"], s.labels["test"]) == ("traffic", "stability_max")]
        assert len(numbers) <= 1
        return numbers[0] if numbers else None

    one = next(f for f in status.last_check.findings if (f.view, f.test) == ("traffic", "stability"))
    able = dataclasses.replace(one, statistic=0.1, p_adjusted=0.5)
    lesser = dataclasses.replace(one, statistic=0.9, p_adjusted=None, feature="zip")
    assert score(able, lesser) == score(lesser, able) == 0.1
    assert score(lesser) == 0.9


def test_features_beyond_the_limit_are_counted_and_not_exported() -> None:
    text = exposed(fleet(), features=3)
    exported = {
        sample.labels["feature"]
        for sample in families(text)["xdrift_feature_drift_score"].samples
        if sample.labels["monitor"] == "fraud-prod"
    }
    assert exported == set(FEATURES[:3])
    assert value(text, "xdrift_feature_series_dropped", **M) == 17


def test_features_of_equal_importance_keep_their_order_by_name() -> None:
    reader = fleet()
    snapshot = reader.snapshot(NOW)
    check = snapshot.monitors[1].last_check
    assert check is not None
    for order in (check.contributions, check.contributions[::-1]):
        equal = tuple(dataclasses.replace(part, importance_reference=1.0) for part in order)
        status = dataclasses.replace(snapshot.monitors[1], last_check=dataclasses.replace(check, contributions=equal))
        shown = dataclasses.replace(snapshot, monitors=(status,))
        found = collected(lambda shown=shown: shown, clock=lambda: NOW, features_per_monitor=2)
        names_shown = {s.labels["feature"] for s in found["xdrift_feature_importance_ratio"].samples}
        assert names_shown == {"account_tenure_months", "amount"}


def test_limit_zero_switches_feature_series_off() -> None:
    found = families(exposed(fleet(), features=0))
    assert "xdrift_feature_drift_score" not in found
    assert "xdrift_feature_importance_ratio" not in found


def test_a_label_with_quotes_and_newlines_survives_the_round_trip() -> None:
    nasty = 'a"b\\c\nd{e}'
    text = exposed(fleet(features=(nasty, *FEATURES[1:])))
    assert value(text, "xdrift_feature_importance_ratio", **M, feature=nasty, side="reference") is not None


class Source:
    """A source that tests break."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.broken = snapshot, False

    def __call__(self) -> Snapshot:
        if self.broken:
            raise StoreError("database", seen="locked")
        return self.snapshot


def test_while_the_store_fails_the_last_good_snapshot_is_shown_for_two_minutes() -> None:
    source = Source(fleet().snapshot(NOW))
    now = [NOW]
    collector = SnapshotCollector(source, clock=lambda: now[0])

    def scrape() -> tuple[float, bool]:
        found = {family.name: family for family in collector.collect()}
        return found["xdrift_collector_up"].samples[0].value, "xdrift_monitor_info" in found

    assert scrape() == (1.0, True)
    source.broken = True
    now[0] = NOW + MAX_AGE
    assert scrape() == (0.0, True)
    now[0] = NOW + MAX_AGE + timedelta(seconds=1)
    assert scrape() == (0.0, False)
    source.broken, source.snapshot = False, dataclasses.replace(source.snapshot, taken_at=now[0])
    assert scrape() == (1.0, True)


def test_a_snapshot_that_nobody_renews_goes_silent_although_nothing_raises() -> None:
    snapshot = fleet().snapshot(NOW)
    found = collected(lambda: snapshot, clock=lambda: NOW + MAX_AGE + timedelta(seconds=1))
    assert found["xdrift_collector_up"].samples[0].value == 0
    assert "xdrift_monitor_info" not in found


def test_before_the_first_snapshot_the_scrape_says_down() -> None:
    assert collected(lambda: None, clock=lambda: NOW)["xdrift_collector_up"].samples[0].value == 0


def test_a_record_that_cannot_be_shown_does_not_void_the_scrape(caplog: pytest.LogCaptureFixture) -> None:
    snapshot = fleet().snapshot(NOW)
    broken = dataclasses.replace(snapshot, monitors=(object(),))  # type: ignore[arg-type]
    found = collected(lambda: broken, clock=lambda: NOW)
    assert found["xdrift_collector_up"].samples[0].value == 0
    assert "could not be turned into metrics" in caplog.text


def test_registration_asks_nothing() -> None:
    def source() -> Snapshot:
        raise AssertionError("asked at registration")

    CollectorRegistry(auto_describe=True).register(SnapshotCollector(source))


def test_the_explainers_self_check_is_0_after_an_explainer_verdict() -> None:
    snapshot = fleet().snapshot(NOW)
    status = snapshot.monitors[1]
    assert status.last_check is not None
    blamed = dataclasses.replace(status, last_check=dataclasses.replace(status.last_check, verdict="explainer"))
    found = collected(lambda: dataclasses.replace(snapshot, monitors=(blamed,)), clock=lambda: NOW)
    assert found["xdrift_explainer_selfcheck_ok"].samples[0].value == 0


def test_stage_durations_are_counted_once_per_observed_check() -> None:
    text = exposed(fleet())
    assert value(text, "xdrift_check_duration_seconds_count", stage="explain") == 1
    assert value(text, "xdrift_check_duration_seconds_sum", stage="explain") == 1.94


def test_the_explanation_log_has_no_series_for_monitors_without_one() -> None:
    found = families(exposed(fleet()))
    for name in (*names.TELEMETRY_COUNTERS, "xdrift_explanation_duration_seconds"):
        monitors = {sample.labels["monitor"] for sample in found[name.removesuffix("_total")].samples}
        assert monitors == {"fraud-prod"}, name
    assert {s.labels["monitor"] for s in found["xdrift_telemetry_consecutive_failures"].samples} == {"fraud-prod"}


def test_a_total_left_by_a_log_that_was_taken_away_is_not_exported() -> None:
    snapshot = fleet().snapshot(NOW)
    silent = tuple(dataclasses.replace(status, telemetry=None) for status in snapshot.monitors)
    found = collected(lambda: dataclasses.replace(snapshot, monitors=silent), clock=lambda: NOW)
    assert found["xdrift_predictions"].samples == []
    assert found["xdrift_explanation_duration_seconds"].samples == []
    assert found["xdrift_collector_up"].samples[0].value == 1


def test_the_latency_histogram_is_that_of_the_store() -> None:
    text = exposed(fleet())
    name = "xdrift_explanation_duration_seconds"
    assert value(text, f"{name}_bucket", **M, le="0.2") == 45_786
    assert value(text, f"{name}_bucket", **M, le="+Inf") == value(text, f"{name}_count", **M) == 46_990
    assert value(text, f"{name}_bucket", **M, le="0.005") == 0
    assert value(text, f"{name}_sum", **M) == 2_349.5
    assert value(text, "xdrift_explanation_latency_threshold_seconds", **M) == 0.2


def test_totals_of_the_log_start_at_zero() -> None:
    snapshot = dataclasses.replace(fleet().snapshot(NOW), counters=())
    found = collected(lambda: snapshot, clock=lambda: NOW)
    assert {s.value for s in found["xdrift_telemetry_quarantined"].samples} == {0.0}
    assert len(found["xdrift_telemetry_quarantined"].samples) == len(names.QUARANTINE_REASONS)
    assert {s.value for s in found["xdrift_explanation_duration_seconds"].samples} == {0.0}
