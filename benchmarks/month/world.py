"""A month in the real store: checks judged by the real engine, the explanation log's totals, real exported samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.month.plan import EVERY, Incident, Kind
from benchmarks.pools import Draw, Matrix
from monitor import drift, names, runner, slots
from monitor.daemon.due import due
from monitor.errors import SourceError
from monitor.pipeline.check import could_not_run
from monitor.pipeline.pairs import Material
from monitor.pipeline.views import compare_views, facts, view_levels
from monitor.publish.collector import SnapshotCollector
from monitor.settings import MonitorSettings, Settings
from monitor.store import Store, check_id
from monitor.telemetry.records import Batch, Bucket, Span
from monitor.types import Attributions, Check, Claim, ExplainerRef, LoadedModel, Reference, Window

START = datetime(2026, 6, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
FEATURES = 20
ROWS = 1000
PER_STEP = 300
"""Predictions in five minutes by day; a third of it by night."""
_LEASE = timedelta(minutes=15)
SEVERE, MODERATE = 1.5, 0.3
"""Shift of the most important feature's attributions, in robust standard deviations: heavy tails stretch others."""


def settings(folder: Path, cadence: str, name: str) -> Settings:
    """A configuration whose sources are never opened: attributions are drawn."""
    return Settings.model_validate(
        {
            "store": {"url": f"sqlite:///{folder / 'month.db'}"},
            "monitors": [
                {
                    "name": name, "owner": "risk", "tier": "critical", "model": {"path": "model.json"},
                    "holdout": {"path": "holdout.parquet"}, "predictions": {"path": "log.parquet"},
                    "schedule": {"every": EVERY[cadence]}, "telemetry": {"path": "explanations.jsonl"},
                }
            ],
        }
    )  # fmt: skip


@dataclass(slots=True)
class Month:
    """One monitor's month."""

    monitor: MonitorSettings
    store: Store
    reference: Reference
    draw: Draw
    rng: np.random.Generator
    plan: Sequence[Incident]
    revision: int = 0

    def samples(self, days: float) -> Iterator[Mapping[str, float] | None]:
        """What a scrape shows at every step; None while the daemon is down."""
        steps = int(timedelta(days=days) / STEP)
        for step in range(steps):
            now = START + step * STEP
            self._maintain(now)
            if self._happens("down", now):
                yield None
                continue
            self._check(now)
            self._serve(now)
            yield self._scraped(now)

    def _happens(self, kind: Kind, now: datetime) -> bool:
        hour = (now - START) / timedelta(hours=1)
        return any(kind in one.kinds and one.covers(hour) for one in self.plan)

    def _maintain(self, now: datetime) -> None:
        for one in self.plan:
            begin = START + timedelta(hours=one.start)
            if "maintenance" in one.kinds and begin <= now < begin + STEP:
                self.store.start_maintenance(
                    self.monitor.name,
                    until=begin + timedelta(hours=one.hours),
                    author="deploy",
                    reason=one.name,
                    now=now,
                )

    def _check(self, now: datetime) -> None:
        """Run what is due, as the daemon would."""
        found = due(self.monitor, self.store, now)
        for planned_at in found.run:
            claim = self.store.claim(
                self.monitor.name, planned_at, owner="month", lease=_LEASE, now=now, confirms=found.confirms
            )
            if claim is not None:
                self.store.finish(claim, self._judged(claim, now))

    def _judged(self, claim: Claim, now: datetime) -> Check:
        planned_at = claim.planned_at
        if self._happens("failing", now):
            error = SourceError("prediction log", seen="connection refused", expected="an answer")
            return could_not_run(self.monitor, claim, error=error, started_at=now, finished_at=now)
        before = self.reference.attributions
        values = self.draw(ROWS)
        shift = SEVERE if self._happens("drift", now) else MODERATE if self._happens("gradual", now) else 0.0
        values[:, 0] += shift * _middle(before.values[:, 0])
        material = Material(
            reference=self.reference, holdout=before, traffic=_attributions(values), earlier=None, groups={}
        )
        window = Window(start=planned_at - timedelta(hours=1), end=planned_at)
        compared = compare_views(material, self.monitor, window, seed=0)
        model = LoadedModel(
            native=None, family="callable", format="factory", digest=self.reference.model_digest,
            version=self.reference.model_version, feature_names=None, libraries={}, location="",
        )  # fmt: skip
        judgement = drift.judge(
            compared.views, compared.contributions, facts(material, model, {}, thin=None), compared.segments
        )
        return Check(
            id=check_id(self.monitor.name, planned_at), monitor=self.monitor.name, model=self.monitor.model_label,
            planned_at=planned_at, window=window, started_at=now, finished_at=now, outcome="succeeded",
            verdict=judgement.verdict, level=judgement.level, reason=None, sentence=judgement.sentence,
            evidence=judgement.evidence, error=None, seed=0, n_seen=ROWS, n_drawn=ROWS, n_explained=ROWS,
            n_holdout=ROWS, reference_id=self.reference.id, model_version=model.version, model_digest=model.digest,
            additivity_gap=0.0, levels=view_levels(compared.views), findings=compared.findings(),
            contributions=compared.contributions, canary=compared.canary, confirms=claim.confirms,
        )  # fmt: skip

    def _serve(self, now: datetime) -> None:
        """Five minutes of the explanation log."""
        night = now.hour < 6
        n = int(self.rng.poisson(PER_STEP / (3 if night else 1)))
        lost = n if self._happens("coverage", now) else int(self.rng.binomial(n, 0.01))
        explained = n - lost
        slow_share = 0.9 if self._happens("latency", now) else 0.01
        slow = int(self.rng.binomial(explained, slow_share))
        failed = int(self.rng.binomial(lost, 0.2)) if not self._happens("coverage", now) else 0
        latency = [0] * (len(names.LATENCY_BUCKETS) + 1)
        latency[names.LATENCY_BUCKETS.index(0.05)] = explained - slow
        latency[names.LATENCY_BUCKETS.index(0.5)] = slow
        personal = 2 if self._happens("privacy", now) else 0
        totals = {
            ("xdrift_predictions_total", ""): n,
            ("xdrift_predictions_explained_total", ""): explained,
            ("xdrift_predictions_unexplained_total", "error"): failed,
            ("xdrift_predictions_unexplained_total", "missing"): lost - failed,
            ("xdrift_explanations_total", ""): explained + failed,
            ("xdrift_explanation_errors_total", "timeout"): failed,
            ("xdrift_explanations_slow_total", ""): slow,
            ("xdrift_explanation_sources_total", "live_treeshap"): explained,
            ("xdrift_privacy_incidents_total", "email"): personal,
            ("xdrift_telemetry_records_total", ""): n,
        }
        bucket = Bucket(
            predictions=n, unexplained=lost, explanations=explained + failed, errors=failed, slow=slow,
            privacy=personal,
        )  # fmt: skip
        day = now.replace(hour=0, minute=0)
        batch = Batch(
            totals={key: float(value) for key, value in totals.items()}, latency=latency,
            latency_sum=0.04 * (explained - slow) + 0.4 * slow, buckets={now: bucket}, watermark=now,
            incidents={(day, "email", "comment"): Span(n=personal, first=now, last=now)} if personal else {},
        )  # fmt: skip
        saved = self.store.commit_telemetry(
            self.monitor.name, self.revision, batch, {}, now=now, remember=timedelta(hours=1), finished=True
        )
        assert saved
        self.revision += 1

    def _scraped(self, now: datetime) -> dict[str, float]:
        """Series to value, as Prometheus would keep them."""
        planned = {self.monitor.name: slots.next_slot(self.monitor.schedule, now)}
        snapshot = self.store.snapshot(now, planned)
        collector = SnapshotCollector(lambda: snapshot, clock=lambda: now, seconds=lambda: 0.01)
        found = {
            "up{}": 1.0,
            'xdrift_build_info{version="0",revision="",python="3.11"}': 1.0,
            "xdrift_scheduler_heartbeat_timestamp_seconds{}": now.timestamp(),
        }
        for family in collector.collect():
            for sample in family.samples:
                labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return found


def month(folder: Path, cadence: str, pool: Draw, rng: np.random.Generator, plan: Sequence[Incident]) -> Month:
    """A fresh store with one registered monitor and its reference."""
    config = settings(folder, cadence, f"{cadence}-monitor")
    (monitor,) = config.monitors
    store = Store.open(config.store.url)
    store.upgrade()
    runner.register(config, store, START)
    drawn = pool(ROWS)
    factor = _leading(drawn)
    attributions = _attributions(drawn * factor)
    reference = Reference(
        id="0" * 16, monitor=monitor.name, attributions=attributions,
        row_ids=tuple(map(str, range(ROWS))), periods=None, holdout_digest="h" * 64, model_digest="m" * 64,
        model_version="v1", model_libraries={}, input_profiles=(), created_at=START, author="month", reason="month",
    )  # fmt: skip
    store.save_reference(reference, activate=True)
    return Month(monitor=monitor, store=store, reference=reference, draw=lambda n: pool(n) * factor, rng=rng, plan=plan)


def _leading(values: Matrix) -> Matrix:
    """Factors that make the first feature three times as important as any other: its drift must matter, (d,)."""
    importance = np.abs(values).mean(axis=0)
    factor = np.ones(values.shape[1])
    factor[0] = 3 * importance[1:].max() / importance[0]
    return factor


def _middle(values: Matrix) -> float:
    """The standard deviation of a normal law with these quartiles."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low) / 1.349


def _attributions(values: Matrix) -> Attributions:
    base = np.zeros((len(values), 1))
    engine = ExplainerRef(
        engine="tree-compiled", exact=True, scale="margin", class_index=None, config={}, libraries={}, digest="e" * 64
    )
    return Attributions(
        values=values, base_values=base, predictions=values.sum(axis=1, keepdims=True),
        feature_names=tuple(f"f{j:02d}" for j in range(values.shape[1])), explainer=engine, additivity_gap=0.0,
    )  # fmt: skip
