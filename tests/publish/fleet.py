"""A fleet as the store would give it: three monitors, twenty features, sixty checks each, all from one seed.

`forecast-weekly` is quiet, `fraud-prod` had its model replaced two days ago, `credit-limit` gets too few rows.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from monitor import names
from monitor.errors import StoreError
from monitor.types import (
    QUANTILE_GRID,
    AttributionRow,
    Check,
    Contribution,
    Counter,
    Delivery,
    ExplainerRef,
    Finding,
    HistoryPoint,
    KeptPrediction,
    Level,
    Maintenance,
    MonitorStatus,
    Profile,
    ReferenceSummary,
    ReportStatus,
    SloStatus,
    Snapshot,
    TelemetryStatus,
    UnexplainedGroup,
    Verdict,
    View,
    Window,
)

NOW = datetime(2013, 6, 12, 6, 4, 30, tzinfo=UTC)
FEATURES = (
    "amount", "merchant_risk", "card_age_days", "hour_of_day", "country_mismatch", "n_tx_24h", "n_tx_7d",
    "avg_amount_30d", "device_age_days", "is_weekend", "distance_km", "channel", "mcc_group", "velocity_1h",
    "chargebacks_1y", "account_tenure_months", "email_domain_age", "ip_reputation", "currency_switch", "pin_retries",
)  # fmt: skip
EXPLAINER = ExplainerRef(
    engine="xgboost-native",
    exact=True,
    scale="margin",
    class_index=None,
    config={"output": "margin"},
    libraries={"xgboost": "3.2.0"},
    digest="e5" * 32,
)
MODEL_OLD, MODEL_NEW = "a1" * 32, "b2" * 32
JUMPS = {"merchant_risk": 2.04, "n_tx_24h": 0.46, "distance_km": 1.62, "velocity_1h": 1.31}
"""What the silent retrain did to importances."""


class MemoryReader:
    """Records in memory behind the Reader protocol."""

    def __init__(
        self,
        snapshot: Snapshot,
        checks: Sequence[Check],
        history: Mapping[str, Sequence[HistoryPoint]],
        references: Sequence[ReferenceSummary],
        maintenances: Sequence[Maintenance] = (),
        deliveries: Mapping[str, Sequence[Delivery]] | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._checks = {check.id: check for check in checks}
        self._history = dict(history)
        self._references = tuple(references)
        self._maintenances = tuple(maintenances)
        self._deliveries = dict(deliveries or {})
        self.broken = False

    def _answer(self) -> None:
        if self.broken:
            raise StoreError("database", seen="connection refused", expected="an answer", hint="start the database")

    def snapshot(self, now: datetime, next_runs: Mapping[str, datetime] | None = None) -> Snapshot:
        self._answer()
        planned = next_runs or {}
        statuses = tuple(
            dataclasses.replace(status, next_run_at=planned.get(status.name, status.next_run_at))
            for status in self._snapshot.monitors
        )
        return dataclasses.replace(self._snapshot, taken_at=now, monitors=statuses)

    def check(self, check_id: str, /) -> Check | None:
        self._answer()
        return self._checks.get(check_id)

    def checks(
        self,
        monitor: str | None = None,
        *,
        limit: int = 50,
        before: datetime | None = None,
        since: datetime | None = None,
        verdict: Verdict | None = None,
    ) -> list[Check]:
        self._answer()
        found = [
            dataclasses.replace(check, findings=(), profiles=(), rows=())
            for check in self._checks.values()
            if (monitor is None or check.monitor == monitor)
            and (before is None or check.planned_at < before)
            and (since is None or check.planned_at >= since)
            and (verdict is None or check.verdict == verdict)
        ]
        return sorted(found, key=lambda check: check.planned_at, reverse=True)[:limit]

    def history(self, monitor: str, *, limit: int = 60) -> list[HistoryPoint]:
        self._answer()
        return list(self._history.get(monitor, ()))[-limit:]

    def confirmation(self, check: Check, /) -> Check | None:
        self._answer()
        return next((each for each in self._checks.values() if each.confirms == check.id), None)

    def deliveries(self, check_id: str, /) -> list[Delivery]:
        self._answer()
        return list(self._deliveries.get(check_id, ()))

    def maintenances(self, monitor: str | None = None) -> list[Maintenance]:
        self._answer()
        return [one for one in self._maintenances if monitor is None or one.monitor == monitor]

    def kept_predictions(
        self, row_id: str, *, monitor: str | None = None, check_id: str | None = None
    ) -> list[KeptPrediction]:
        self._answer()
        found = [
            KeptPrediction(check=dataclasses.replace(check, findings=(), profiles=(), rows=()), row=row)
            for check in self._checks.values()
            for row in check.rows
            if row.row_id == row_id and monitor in (None, check.monitor) and check_id in (None, check.id)
        ]
        return sorted(found, key=lambda one: one.check.planned_at, reverse=True)

    def kept_rows(
        self, check_id: str, *, below: float | None = None, at_least: float | None = None, limit: int
    ) -> list[AttributionRow]:
        self._answer()
        found = [
            row
            for row in self._checks[check_id].rows
            if row.prediction is not None
            and (below is None or row.prediction < below)
            and (at_least is None or row.prediction >= at_least)
        ]
        return found[:limit]

    def unexplained(self, monitor: str, *, since: datetime, limit: int) -> list[UnexplainedGroup]:
        self._answer()
        return [one for one in UNEXPLAINED if one.last_seen >= since][:limit] if monitor == "fraud-prod" else []

    def examples(self, check_id: str, feature: str, *, limit: int) -> list[AttributionRow]:
        self._answer()
        rows = [row for row in self._checks[check_id].rows if feature in row.values]
        return sorted(rows, key=lambda row: -abs(row.values[feature]))[:limit]

    def input_profiles(self, check: Check, /) -> list[Profile]:
        self._answer()
        return list(INPUT_PROFILES)

    def references(self, monitor: str | None = None) -> list[ReferenceSummary]:
        self._answer()
        return [reference for reference in self._references if monitor is None or reference.monitor == monitor]


Told = tuple[MonitorStatus, list[Check], list[HistoryPoint], ReferenceSummary]


def check_id(monitor: str, planned_at: datetime) -> str:
    return hashlib.sha256(f"{monitor}{planned_at.isoformat()}".encode()).hexdigest()[:16]


def fleet(*, features: tuple[str, ...] = FEATURES) -> MemoryReader:
    """The whole fleet at NOW."""
    return _reader(_three(features))


@functools.cache  # the records are frozen; a reader of its own goes to every test
def _three(features: tuple[str, ...]) -> tuple[Told, ...]:
    return _quiet("forecast-weekly", features), _severe("fraud-prod", features), _thin("credit-limit", features)


def empty_fleet() -> MemoryReader:
    return MemoryReader(Snapshot(taken_at=NOW, monitors=(), counters=()), (), {}, ())


def _reader(told: Sequence[Told]) -> MemoryReader:
    counters = [counter for status, checks, _, _ in told for counter in _counters(status, checks)]
    reports = ReportStatus(last_success_at=NOW - timedelta(days=2), waiting=1, given_up=0)
    return MemoryReader(
        Snapshot(
            taken_at=NOW, monitors=tuple(status for status, *_ in told), counters=tuple(counters), reports=reports
        ),
        [check for _, checks, _, _ in told for check in checks],
        {status.name: history for status, _, history, _ in told},
        [reference for *_, reference in told],
        _maintenances(),
        {status.last_check.id: DELIVERIES for status, *_ in told if status.last_check and status.name == "fraud-prod"},
    )


DELIVERIES = (
    Delivery(channel="audit", state="given up", at=NOW, attempts=5, why="the answer was 410"),
    Delivery(channel="mail", state="sent", at=NOW, attempts=1, why=None),
    Delivery(channel="risk-chat", state="withheld", at=NOW, attempts=0, why="maintenance"),
    Delivery(channel="tickets", state="waiting", at=NOW, attempts=2, why="the answer was 503"),
)
SERVED: dict[tuple[str, str, str], float] = {
    ("predictions", "", ""): 48_207.0,
    ("predictions_explained", "", ""): 46_990.0,
    ("predictions_unexplained", "reason", "timeout"): 817.0,
    ("predictions_unexplained", "reason", "sampling"): 400.0,
    ("explanations", "", ""): 47_807.0,
    ("explanation_errors", "reason", "timeout"): 817.0,
    ("explanations_slow", "", ""): 1_204.0,
    ("explanation_sources", "source", "live_treeshap"): 46_990.0,
    ("explanation_payload_bytes", "", ""): 51_240_118.0,
    ("explanation_compute_seconds", "kind", "online"): 2_349.5,
    ("telemetry_records", "", ""): 48_207.0,
    ("telemetry_quarantined", "reason", "not_json"): 2.0,
}
"""What the explanation log of fraud-prod came to."""
DURATIONS = {"0.025": 12_000.0, "0.05": 40_000.0, "0.2": 45_786.0, "10.0": 46_990.0, "+Inf": 46_990.0}


def _served_counters(base: dict[str, str]) -> list[Counter]:
    duration = "xdrift_explanation_duration_seconds"
    return [
        *(
            Counter(name=f"xdrift_{name}_total", labels={**base, **({label: word} if label else {})}, value=value)
            for (name, label, word), value in SERVED.items()
        ),
        *(Counter(name=f"{duration}_bucket", labels={**base, "le": le}, value=n) for le, n in DURATIONS.items()),
        Counter(name=f"{duration}_sum", labels=base, value=2_349.5),
    ]


def _counters(status: MonitorStatus, checks: Sequence[Check]) -> list[Counter]:
    base = {"monitor": status.name, "model": status.model}
    failed = [check.reason for check in checks if check.outcome == "failed"]
    return [
        Counter(name="xdrift_checks_total", labels=base, value=float(len(checks))),
        *(_served_counters(base) if status.telemetry is not None else ()),
        *(
            Counter(
                name="xdrift_verdicts_total",
                labels={**base, "verdict": verdict},
                value=float(sum(check.verdict == verdict for check in checks)),
            )
            for verdict in names.VERDICTS
        ),
        *(
            Counter(
                name="xdrift_check_failures_total",
                labels={**base, "reason": reason},
                value=float(failed.count(reason)),
            )
            for reason in names.FAILURE_REASONS
        ),
    ]


def _quiet(name: str, features: Sequence[str]) -> Told:
    step = timedelta(weeks=1)
    slots = [datetime(2013, 6, 10, tzinfo=UTC) - step * back for back in range(40)][::-1]
    checks = [_judged(name, slot, step, features, version="2013-02", n_seen=18_400) for slot in slots]
    told = {"model": "demand-forecast", "owner": "supply-planning", "tier": "standard", "cadence": "weekly"}
    return _told(checks, features, step=step, **told)


def _severe(name: str, features: Sequence[str]) -> Told:
    step = timedelta(days=1)
    slots = [datetime(2013, 6, 12, tzinfo=UTC) - step * back for back in range(60)][::-1]
    checks = []
    for i, slot in enumerate(slots):
        if i == 31:
            checks.append(_failed(name, slot, step))
        elif i in (17, 18):
            jumps = {"hour_of_day": 1.27}
            checks.append(_judged(name, slot, step, features, jumps=jumps, version="2013.5", n_seen=52_311))
        else:
            jumps, digest = (JUMPS, MODEL_NEW) if i >= 58 else ({}, MODEL_OLD)
            made = _judged(name, slot, step, features, jumps=jumps, version="2013.5", digest=digest, n_seen=48_207 + i)
            checks.append(made)
    told = {"model": "card-fraud", "owner": "risk-models", "tier": "critical", "cadence": "daily"}
    return _told(checks, features, step=step, **told)


def _thin(name: str, features: Sequence[str]) -> Told:
    step = timedelta(hours=6)
    slots = [datetime(2013, 6, 12, 6, tzinfo=UTC) - step * back for back in range(30)][::-1]
    checks = [_judged(name, slot, step, features, version="7", n_seen=640) for slot in slots[:-3]]
    checks += [_unjudged(name, slot, step, n_seen=seen) for slot, seen in zip(slots[-3:], (71, 40, 23), strict=True)]
    told = {"model": "credit-limit", "owner": "lending", "tier": "experimental", "cadence": "hourly"}
    return _told(checks, features, step=step, **told)


def _told(
    checks: list[Check],
    features: Sequence[str],
    *,
    step: timedelta,
    model: str,
    owner: str,
    tier: str,
    cadence: str,
) -> Told:
    checks = [dataclasses.replace(check, model=model) for check in checks]
    last = checks[-1]
    good = [check for check in checks if check.outcome == "succeeded"]
    reference = ReferenceSummary(
        id=good[0].reference_id or "",
        monitor=last.monitor,
        created_at=datetime(2013, 4, 1, 9, 12, tzinfo=UTC),
        author="ana",
        reason="first reference, January to March",
        model_version=good[0].model_version or "",
        model_digest=MODEL_OLD,
        holdout_digest="c3" * 32,
        explainer_digest=EXPLAINER.digest,
        engine=EXPLAINER.engine,
        n_rows=1000,
        n_features=len(features),
        active=True,
        activated_at=datetime(2013, 4, 1, 9, 12, tzinfo=UTC),
    )
    status = MonitorStatus(
        name=last.monitor,
        model=model,
        owner=owner,
        tier=tier,
        cadence=cadence,
        interval_seconds=step.total_seconds(),
        interval_since=datetime(2013, 4, 1, 9, 0, tzinfo=UTC),
        created_at=datetime(2013, 4, 1, 9, 0, tzinfo=UTC),
        model_version=good[-1].model_version,
        model_digest=good[-1].model_digest,
        deployed_at=good[-1].started_at if good[-1].level else datetime(2013, 4, 1, 10, 0, tzinfo=UTC),
        reference_id=reference.id,
        last_check=dataclasses.replace(last, profiles=(), rows=()),
        last_run_at=last.finished_at,
        last_success_at=good[-1].finished_at,
        newest_at=[check.newest_at for check in checks if check.newest_at][-1],
        next_run_at=last.planned_at + step,
        consecutive_failures=0,
        levels=good[-1].levels,
        streaks={view: 2 if level else 0 for view, level in good[-1].levels.items()},
        **_served_state(last.monitor, good[-1]),
    )
    return status, checks, [_point(check) for check in checks], reference


SERVED_GAP = {
    "logged": 980, "rows": 940, "beyond": 212, "tolerance": 0.05, "features": {"amount": 0.031, "merchant_risk": 0.012},
    "approximate": 38, "stale": 212, "other_version": 2, "unknown_features": (), "absent_features": (),
    "outputs_moved": 0.97, "factor": None, "level": 1, "cause": "pipeline", "reason": None,
    "text": "212 of 940 logged attributions differ from recomputed ones by over 5%; 212 explain another model version "
    "than the one that predicted",
}  # fmt: skip
"""Logged attributions against recomputed ones."""
OBJECTIVES = {
    "coverage": 0.95, "latency": 0.95, "errors": 0.99, "freshness": 0.99, "checks": 0.95, "drift": 0.95,
    "privacy": 1.0, "explanations": 0.95,
}  # fmt: skip
REMAINING = {"coverage": 0.81, "latency": 0.42, "errors": None, "drift": 0.62, "privacy": 0.0, "explanations": -0.31}
"""Share of the budget that fraud-prod has left; the others 1."""


def _served_state(name: str, judged: Check) -> dict[str, Any]:
    """Objectives, smoothed scores, segments, maintenance and messages: fraud-prod has some of everything."""
    here = name == "fraud-prod"
    objectives = OBJECTIVES if here else {slo: OBJECTIVES[slo] for slo in ("freshness", "checks", "drift")}
    return {
        "slos": tuple(
            SloStatus(
                slo=slo, objective=objective, period_seconds=30 * 86400.0,
                remaining=REMAINING.get(slo, 1.0) if here else 1.0,
            )
            for slo, objective in objectives.items()
        ),
        "smoothed": {(view, "psi_max"): 0.05 * (level + 1) for view, level in judged.levels.items()},
        "segments": {segment: (level, level) for segment, _, _, _, level in SEGMENTS} if here else {},
        "maintenance_until": NOW + timedelta(hours=3) if here else None,
        "messages_waiting": int(here),
        "telemetry": TelemetryStatus(
            watermark=NOW - timedelta(seconds=41), last_success_at=NOW - timedelta(seconds=12),
            consecutive_failures=0, latency_threshold=0.2,
        ) if here else None,
    }  # fmt: skip


def _maintenances() -> tuple[Maintenance, ...]:
    told = {"monitor": "fraud-prod", "author": "ana"}
    past = NOW - timedelta(days=30)
    return (
        Maintenance(
            **told, start=NOW - timedelta(hours=1), until=NOW + timedelta(hours=3), reason="CHG-42, features to v18"
        ),
        Maintenance(
            **told, start=past, until=past + timedelta(hours=8), reason="CHG-17, index rebuild",
            ended_at=past + timedelta(hours=2), ended_by="bo",
        ),
    )  # fmt: skip


def _point(check: Check) -> HistoryPoint:
    return HistoryPoint(
        check_id=check.id,
        planned_at=check.planned_at,
        window=check.window,
        outcome=check.outcome,
        verdict=check.verdict,
        level=check.level,
        sentence=check.sentence,
        model_version=check.model_version,
        feature_levels={part.feature: part.level for part in check.contributions},
        feature_change={
            part.feature: part.importance_current / then - 1 if (then := part.importance_reference) else float("nan")
            for part in check.contributions
        },
    )


def _bare(name: str, slot: datetime, step: timedelta) -> Check:
    """What every check has, before anything was judged."""
    return Check(
        id=check_id(name, slot),
        monitor=name,
        model=name,
        planned_at=slot,
        window=Window(start=slot - step, end=slot),
        started_at=slot + timedelta(seconds=2),
        finished_at=slot + timedelta(seconds=5.4),
        outcome="unknown",
        verdict="unknown",
        level=0,
        reason=None,
        sentence="",
        evidence=(),
        error=None,
        seed=4_812_991_337_215,
        n_seen=0,
        n_drawn=0,
        n_explained=0,
        n_holdout=1000,
        reference_id=check_id(name, NOW),
        model_version=None,
        model_digest=None,
        holdout_digest="c3" * 32,
        explainer=None,
        holdout_skipped=False,
        additivity_gap=None,
        levels={},
        model_numbers={},
        input_drift={},
        stage_seconds={"sample": 0.8},
        versions={"numpy": "2.4.6", "shap": "0.51.0", "xgboost": "3.2.0"},
        config_digest="d4" * 32,
    )


def _unjudged(name: str, slot: datetime, step: timedelta, *, n_seen: int) -> Check:
    return dataclasses.replace(
        _bare(name, slot, step),
        reason="thin_sample",
        sentence=f"Could not judge recent predictions: {n_seen} rows in the window, 100 are needed.",
        evidence=("model digest unchanged", f"traffic not judged: {n_seen} rows, 100 are needed"),
        n_seen=n_seen,
        newest_at=slot - timedelta(minutes=3),
        n_drawn=n_seen,
        model_version="7",
        model_digest=MODEL_OLD,
        explainer=EXPLAINER,
        additivity_gap=2.1e-7,
        notes=("every row of the window was drawn: there are fewer than sample.rows",),
    )


def _failed(name: str, slot: datetime, step: timedelta) -> Check:
    return dataclasses.replace(
        _bare(name, slot, step),
        outcome="failed",
        reason="sampling",
        sentence="The check could not run: the prediction source could not be read.",
        error="prediction source postgresql://warehouse/predictions; seen: connection refused; expected: an answer; "
        "next: start the database or correct predictions.url",
    )


def _judged(
    name: str,
    slot: datetime,
    step: timedelta,
    features: Sequence[str],
    *,
    version: str,
    n_seen: int,
    jumps: Mapping[str, float] | None = None,
    digest: str = MODEL_OLD,
) -> Check:
    rng = np.random.default_rng(int(check_id(name, slot), 16) % 2**32)
    parts = _contributions(rng, features, jumps or {})
    severe = any(part.level == 2 for part in parts)
    level: Level = 2 if severe else 1 if any(part.level for part in parts) else 0
    holdout, traffic = (2, 0) if severe else (0, level)
    views: dict[View, Level] = {"holdout": holdout, "traffic": traffic, "total": level, "trend": 0}
    verdict: Verdict = "model" if severe else "data" if level else "none"
    return dataclasses.replace(
        _bare(name, slot, step),
        outcome="succeeded",
        verdict=verdict,
        level=level,
        sentence=_sentence(verdict, parts),
        evidence=_evidence(verdict, parts, digest),
        n_seen=n_seen,
        newest_at=slot - timedelta(seconds=9.5),
        n_drawn=min(n_seen, 1000),
        n_explained=min(n_seen, 1000),
        model_version=version,
        model_digest=digest,
        explainer=EXPLAINER,
        holdout_skipped=not severe,
        additivity_gap=3.4e-7,
        levels=views,
        model_numbers={view: _numbers(rng, 0.31 if views[view] == 2 else 0.04) for view in views},
        input_drift={
            "__prediction__": 0.164 if severe else 0.011,
            **{
                feature: psi
                for feature, psi in [(one, float(rng.gamma(1.2, 0.012))) for one in features]
                if feature not in DECISION["left_out"]
            },
        },
        findings=(*_findings(rng, parts, views), *_segments(name, features)) if slot >= NOW - timedelta(days=4) else (),
        contributions=parts,
        profiles=tuple(_profiles(rng, parts)) if slot >= NOW - timedelta(days=4) else (),
        rows=_rows(rng, parts) if name == "fraud-prod" and slot >= NOW - timedelta(days=2) else (),
        decision=DECISION,
        stage_seconds={"sample": 0.81, "load": 0.12, "explain": 1.94, "test": 0.06, "store": 0.05},
        served=SERVED_GAP if name == "fraud-prod" else {},
        notes=("calibrated on 13 weekly periods of the holdout", "2 rows had a time in the future and were left out"),
    )


def _contributions(
    rng: np.random.Generator, features: Sequence[str], jumps: Mapping[str, float]
) -> tuple[Contribution, ...]:
    then = np.array([1.12 * 0.78**i for i in range(len(features))])
    if len(features) > 3:
        then[-1] = 0.0  # a feature that never counted
    model = then * np.array([jumps.get(feature, 1.0) for feature in features])
    now = model * rng.normal(1.0, 0.035, len(features))
    return tuple(
        Contribution(
            feature=feature,
            importance_reference=float(then[i]),
            importance_holdout=float(model[i]),
            importance_current=float(now[i]),
            share_reference=float(then[i] / then.sum()),
            share_current=float(now[i] / now.sum()),
            model_part=float(model[i] - then[i]),
            data_part=float(now[i] - model[i]),
            level=2 if abs(jumps.get(feature, 1.0) - 1) > 0.4 else 1 if feature in jumps else 0,
        )
        for i, feature in enumerate(features)
    )


def _sentence(verdict: Verdict, parts: Sequence[Contribution]) -> str:
    if verdict == "none":
        return "Nothing drifted: the model explains recent predictions as it did when the reference was made."
    moved = sorted((p for p in parts if p.level), key=lambda p: (-p.level, -abs(p.model_part + p.data_part)))[:3]
    ratios = [(p.feature, p.importance_current / p.importance_reference) for p in moved]
    words = "; ".join(f"{name} counts {abs(r - 1):.0%} {'more' if r > 1 else 'less'}" for name, r in ratios)
    if verdict == "data":
        return f"The data changed, the model did not: in recent predictions {words}."
    return f"The model was replaced without a new version label (silent retrain). On the same holdout rows {words}."


def _evidence(verdict: Verdict, parts: Sequence[Contribution], digest: str) -> tuple[str, ...]:
    raised = f"{sum(p.level > 0 for p in parts)} of {len(parts)} features"
    quiet = f"no drift, 0 of {len(parts)} features"
    changed = "changed" if digest == MODEL_NEW else "unchanged"
    lines = [
        f"holdout view: {f'severe, {raised}, importances moved by 31% in total' if verdict == 'model' else quiet}",
        f"traffic view: {f'warning, {raised}, importances moved by 4% in total' if verdict == 'data' else quiet}",
        f"model digest {changed}",
    ]
    if changed == "changed":
        lines += ["version label unchanged", "predictions on the holdout moved by 0.412 of their standard deviation"]
    return (*lines, "explainer unchanged")


def _numbers(rng: np.random.Generator, moved: float) -> dict[str, float]:
    return {
        "ndcg": 1 - moved * 0.12,
        "cosine": 1 - moved * 0.3,
        "top_k_overlap": 0.8 if moved > 0.2 else 1.0,
        "importance_change": moved + float(rng.uniform(0, 0.01)),
    }


FLOORS = {"psi": (0.1, 0.2), "ks": (0.1, 0.2), "stability": (0.2, 0.4), "wasserstein": None, "js": None, "kl": None}


def _findings(rng: np.random.Generator, parts: Sequence[Contribution], views: Mapping[View, Level]) -> list[Finding]:
    found = []
    for view, view_level in views.items():
        for part in parts:
            raised: Level = min(part.level, view_level)  # type: ignore[assignment]
            for test, floor in FLOORS.items():
                exact = view == "holdout" and not view_level
                size = 0.0 if exact else float(rng.gamma(2, 0.011)) + (0.29 * raised if floor else 0.11 * raised)
                dead = test == "stability" and part.importance_reference == 0
                found.append(
                    Finding(
                        view=view,
                        feature=part.feature,
                        test=test,
                        statistic=None if dead else size,
                        p_value=None if floor is None else 1.0 if not raised else 3e-9,
                        p_adjusted=None if floor is None else 1.0 if not raised else 8e-8,
                        threshold=floor[0] if floor else None,
                        threshold_severe=floor[1] if floor else None,
                        level=raised if floor and not dead else 0,
                        n_reference=1000,
                        n_current=1000,
                        reason="the reference importance is 0, so a relative change has no value" if dead else None,
                    )
                )
    return found


SEGMENTS: tuple[tuple[str, int, int, float, Level], ...] = (
    ("country=DE", 412, 391, 0.031, 0),
    ("country=FR", 240, 251, 0.342, 2),
    ("country=AT", 131, 140, 0.164, 1),
)
"""Segment, holdout rows, recent rows, KS distance of its first feature, level."""


def _segments(name: str, features: Sequence[str]) -> list[Finding]:
    """Only fraud-prod has segments: three judged, one too thin."""
    if name != "fraud-prod":
        return []
    bare = {"view": "traffic", "p_value": None, "p_adjusted": None}
    found = [
        Finding(
            **bare, feature=features[0], test=test, statistic=size / share, threshold=0.1, threshold_severe=0.2,
            level=level if test == "ks" else 0, n_reference=then, n_current=now, segment=segment,
        )
        for segment, then, now, size, level in SEGMENTS
        for test, share in (("ks", 1.0), ("psi", 4.0))
    ]  # fmt: skip
    thin = Finding(
        **bare, feature=None, test="rows", statistic=None, threshold=None, threshold_severe=None, level=0,
        n_reference=31, n_current=12, reason="12 recent rows and 31 in the holdout, 50 of each are needed",
        segment="country=(missing)",
    )  # fmt: skip
    return [*found, thin]


def _profiles(rng: np.random.Generator, parts: Sequence[Contribution]) -> list[Profile]:
    made = []
    for part in parts:
        reference = rng.normal(0, 1.25 * part.importance_reference + 1e-9, 1000)
        if part.importance_reference == 0:
            reference[:] = 0.0
        scale = part.importance_holdout / part.importance_reference if part.importance_reference else 1.0
        grow = part.importance_current / part.importance_holdout if part.importance_holdout else 1.0
        edges = np.quantile(reference, np.arange(1, 10) / 10)
        if not reference.any():
            edges = np.array([0.0, np.nextafter(0.0, 1)])
        sides = {
            "reference": reference,
            "holdout": reference * scale + 0.2 * (scale - 1),
            "traffic": rng.permutation(reference) * scale * grow + 0.2 * (scale - 1),
        }
        made += [_profile(side, part.feature, np.sort(values), edges) for side, values in sides.items()]
    return made


def _profile(side: str, feature: str, values: np.ndarray, edges: np.ndarray) -> Profile:
    below = np.searchsorted(values, edges, side="left")
    return Profile(
        kind="attribution",
        side=side,  # type: ignore[arg-type]
        feature=feature,
        n=len(values),
        n_missing=0,
        edges=tuple(edges.tolist()),
        categories=(),
        counts=tuple(np.diff(np.concatenate(([0], below, [len(values)]))).tolist()),
        quantiles=tuple(np.quantile(values, QUANTILE_GRID).tolist()),
        mean=float(values.mean()),
        mean_abs=float(np.abs(values).mean()),
        std=float(values.std()),
        minimum=float(values[0]),
        maximum=float(values[-1]),
    )


UNEXPLAINED = (
    UnexplainedGroup(
        reason="timeout", model_version="v17", groups={"route": "/score", "segment": "DE"}, n=1204,
        last_seen=NOW - timedelta(minutes=34, seconds=30),
    ),
    UnexplainedGroup(reason="missing", model_version="", groups={}, n=3, last_seen=NOW - timedelta(days=2)),
)  # fmt: skip
DECISION: Mapping[str, Any] = {
    "threshold": 0.0,
    "probability": 0.5,
    "classes": False,
    "reason": None,
    "left_out": ["pin_retries"],
}
BASE = -0.4
KINDS = ("pos", "web", "app")
INPUT_PROFILES = (
    *(
        dataclasses.replace(
            _profile("reference", feature, np.linspace(-3, 3, 400), np.array([-2.0, -1.0, 0.0, 1.0, 2.0])), kind="input"
        )
        for feature in FEATURES
        if feature not in ("channel", "pin_retries")
    ),
    Profile(
        kind="input", side="reference", feature="channel", n=410, n_missing=10, edges=(),
        categories=(*KINDS, "(other)"),
        counts=(200, 150, 40, 10), quantiles=(), mean=None, mean_abs=None, std=None, minimum=None, maximum=None,
    ),
)  # fmt: skip
"""Every input but the one that is kept back; `channel` is a category."""


def _rows(rng: np.random.Generator, parts: Sequence[Contribution]) -> tuple[AttributionRow, ...]:
    """Thirty predictions; `tx/7 ä` has an id that must be quoted, every third has logged attributions."""
    return tuple(_row(rng, parts, i) for i in range(30))


def _row(rng: np.random.Generator, parts: Sequence[Contribution], number: int) -> AttributionRow:
    values = {part.feature: float(rng.normal(0, 1.2 * part.importance_current)) for part in parts}
    inputs: dict[str, Any] = {feature: float(rng.normal()) for feature in values}
    inputs |= {"channel": KINDS[number % 3], "pin_retries": "[redacted]"}
    if number % 5 == 0:
        inputs["amount"] = None
    first = next(iter(values))
    return AttributionRow(
        row_id="tx/7 ä" if number == 7 else f"tx-{number}",
        kind="sample",
        time=NOW - timedelta(hours=number),
        prediction=BASE + sum(values.values()),
        logged_prediction=0.25,
        base_value=BASE,
        values=values,
        inputs=inputs,
        segments={"country": "DE"},
        logged_values={**values, first: values[first] * 1.5} if number % 3 == 0 else None,
    )
