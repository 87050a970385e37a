"""A serving system that logs its predictions over a simulated day, badly, and knows exactly what it wrote.

Three writers append to logs of their own, which are rotated by renaming and by copying and cutting, compressed and
later deleted. Lines are torn by rotation, records come twice and late, lines are malformed, the explainer is out for
an hour, traffic comes in bursts. `truth` holds what every counter must show once everything was read.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import isclose
from pathlib import Path
from typing import Any

from monitor.names import LATENCY_BUCKETS
from monitor.settings import MonitorSettings
from monitor.sources.explanation_log.splitting import is_record

START = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
PRICE = 3.6
LATENCIES_MS = (3, 5, 12, 24, 25, 80, 150, 199, 200, 201, 450, 900, 2600, 12000)
SOURCES = ("cache", "live_treeshap", "live_treeshap", "live_approximate", "fallback", "mystery")
ROUTES = ("/score", "/score/batch", "/quote", "/limit", "/renew")
VERSIONS = ("7", "7", "7", "8")
ERRORS = {"MemoryError": "memory", "ValueError: bad input 12": "input", "XGBoostError": "model", "FooError": "other",
          "asyncio.TimeoutError": "timeout", "ExplainerError": "explainer"}  # fmt: skip
GIVEN_REASONS = {"disabled": "disabled", "sampling": "sampling", "missing": "missing", "gone fishing": "other"}
SHAP = {f"feature_{n}": round(0.37 * (n - 7), 4) for n in range(15)}
OUTAGE = (9.0, 10.0)
"""Hours in which every explanation fails."""
BURSTS = (12, 18)
"""Hours with five times the traffic."""


def settings(folder: Path, **more: Any) -> MonitorSettings:
    """The monitor that reads this log."""
    return MonitorSettings.model_validate(
        {
            "name": "credit",
            "owner": "simulation",
            "model": {"path": "model.json"},
            "holdout": {"path": "holdout.parquet"},
            "predictions": {"path": "log.parquet"},
            "schedule": {"every": "1h"},
            "telemetry": {"path": str(folder), "price_per_hour": PRICE, "adverse_classes": ["deny"], **more},
            "redact": ["income"],
        }
    )


@dataclass
class Truth:
    """What is right in the end."""

    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: {"latency": 0.0, "compute": 0.0})
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BUCKETS) + 1))
    buckets: Counter[tuple[datetime, str]] = field(default_factory=Counter)
    """(five minutes, predictions, unexplained or slow)."""
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(model version, column)."""
    groups: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(reason, model version, route)."""
    errors: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """(reason, class, version, request): how often one request failed."""
    incidents: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, name: str, word: str = "", amount: int = 1) -> None:
        self.totals[f"xdrift_{name}_total", word] += amount


class Serving:
    """Writes `records` lines or a few more, in `steps` steps of the day. Seeded: the same calls write the same."""

    def __init__(self, folder: Path, *, records: int, steps: int, seed: int, writers: int = 3) -> None:
        self.truth = Truth()
        self.now = START
        self.steps = steps
        self._rng = random.Random(seed)
        self._step = 0
        self._made = 0
        self._recent: list[bytes] = []
        self._length = DAY / steps
        self._too_long = min(1.0, 8 / (0.01 * records))
        shares = [5.0 if int(24 * n / steps) in BURSTS else 1.0 for n in range(steps)]
        self._per_step = [round(records * share / sum(shares)) for share in shares]
        self._writers = [_Writer(folder / f"writer-{n}.jsonl", self._rng, self.truth) for n in range(writers)]

    def step(self) -> None:
        """The next part of the day: records, then what happens to files."""
        begun = self.now
        self.now = START + self._length * (self._step + 1)
        seconds = self._length.total_seconds()
        count = self._per_step[self._step]
        pace = seconds / max(1, count)
        out: list[list[bytes]] = [[] for _ in self._writers]
        for number in range(count):
            moment = begun + timedelta(seconds=int(number * pace))
            out[self._rng.randrange(len(out))].append(self._line(moment))
        for writer, lines in zip(self._writers, out, strict=True):
            writer.write(b"".join(lines), last=self._step == self.steps - 1)
            if self._rng.random() < 0.4 and self._step < self.steps - 1:
                writer.rotate()
            writer.tidy()
        self._step += 1

    def _line(self, moment: datetime) -> bytes:
        """One line with its end; what it stands for is counted."""
        roll = self._rng.random()
        if roll < 0.01:
            return self._unusable()
        if roll < 0.03 and self._recent:
            self.truth.count("telemetry_duplicates")
            return self._rng.choice(self._recent)
        if roll < 0.04 and moment - START > timedelta(hours=8):
            moment -= timedelta(hours=6)
            self.truth.count("telemetry_late")
        line = self._record(moment)
        if len(self._recent) < 5000:
            self._recent.append(line)
        else:
            self._recent[self._rng.randrange(5000)] = line
        return line

    def _unusable(self) -> bytes:
        """A line that ends in quarantine."""
        made = {"record_id": self._id(), "timestamp": self.now.isoformat(), "shap_values": SHAP}
        kind = self._rng.choice(("not_json", "not_an_object", "missing_field", "wrong_type", "bad_time", "utf8"))
        if kind == "not_json":
            line = json.dumps(made)[:-9].encode()
        elif kind == "utf8":
            line = b'{"record_id": "\xff\xfe"}'
        elif kind == "not_an_object":
            line = b"[1, 2, 3]"
        elif kind == "missing_field":
            line = json.dumps({**made, "record_id": None}).encode()
        elif kind == "wrong_type":
            line = json.dumps({**made, "shap_values": "none"}).encode()
        else:
            line = json.dumps({**made, "timestamp": (self.now + DAY).isoformat()}).encode()
        if self._rng.random() < self._too_long:
            kind, line = "too_long", json.dumps({**made, "pad": "x" * (1 << 20)}).encode()
        self.truth.count("telemetry_quarantined", "not_json" if kind == "utf8" else kind)
        return line + (b"\r\n" if self._rng.random() < 0.5 else b"\n")

    def _id(self) -> str:
        self._made += 1
        return f"{self._made:08x}-{self._rng.getrandbits(64):016x}"

    def _record(self, moment: datetime) -> bytes:
        rng, truth = self._rng, self.truth
        version = rng.choice(VERSIONS)
        made: dict[str, Any] = {
            "record_id": self._id(),
            "timestamp": moment.isoformat() if rng.random() < 0.8 else moment.timestamp(),
            "model_version": version,
            "prediction": 0.25,
            "predicted_class": "deny" if rng.random() < 0.2 else "grant",
            "route": rng.choice(ROUTES),
            "inputs": {"amount": 120.5, "note": "paid in full"},
        }
        self._leak(made)
        bucket = datetime.fromtimestamp(moment.timestamp() // 300 * 300, UTC)
        truth.count("predictions")
        truth.count("telemetry_records")
        truth.buckets[bucket, "predictions"] += 1
        truth.days[version, "predictions"] += 1
        truth.days[version, "adverse"] += made["predicted_class"] == "deny"
        hour = (moment - START) / timedelta(hours=1)
        failing = OUTAGE[0] <= hour < OUTAGE[1]
        if failing or rng.random() < 0.05:
            self._unexplained(made, bucket, failing)
            return json.dumps(made).encode() + b"\n"
        return self._explained(made, bucket)

    def _leak(self, made: dict[str, Any]) -> None:
        roll, truth = self._rng.random(), self.truth
        if roll < 0.002:
            made["inputs"]["note"] = "write to ada@example.org"
            kind, where = "email", "inputs.note"
        elif roll < 0.003:
            made["inputs"]["income"] = 52_000
            kind, where = "redacted_field", "inputs.income"
        else:
            return
        truth.count("privacy_incidents", kind)
        truth.incidents[kind, where] += 1

    def _explained(self, made: dict[str, Any], bucket: datetime) -> bytes:
        rng, truth, version = self._rng, self.truth, made["model_version"]
        source, latency = rng.choice(SOURCES), rng.choice(LATENCIES_MS)
        made |= {"shap_values": SHAP, "base_value": 0.1, "explanation_latency_ms": latency}
        if source == "cache" and rng.random() < 0.5:
            made["is_cached"] = True
        else:
            made["source"] = source
        if source == "cache" and rng.random() < 0.1:
            made["served_model_version"] = "9"
            truth.count("explanations_stale")
        if rng.random() < 0.01:
            made["pad"] = "x" * 12_000
        line = json.dumps(made).encode()
        seconds = latency / 1000
        place = next((n for n, bound in enumerate(LATENCY_BUCKETS) if seconds <= bound), len(LATENCY_BUCKETS))
        truth.latency[place] += 1
        truth.seconds["latency"] += seconds
        truth.seconds["compute"] += 0.0 if source == "cache" else seconds
        for name in ("predictions_explained", "explanations"):
            truth.count(name)
        truth.count("explanation_sources", "other" if source == "mystery" else source)
        truth.count("explanation_payload_bytes", "", len(line))
        truth.count("explanations_oversize", "", int(len(line) > 10_000))
        slow = seconds > 0.2
        truth.count("explanations_slow", "", int(slow))
        truth.buckets[bucket, "slow"] += slow
        for name, amount in (("explained", 1), ("explanations", 1), ("slow", slow), ("payload_bytes", len(line))):
            truth.days[version, name] += amount
        return line + b"\n"

    def _unexplained(self, made: dict[str, Any], bucket: datetime, failing: bool) -> None:
        rng, truth, version = self._rng, self.truth, made["model_version"]
        roll = rng.random()
        if roll < 0.3 and not failing:
            given = rng.choice([*GIVEN_REASONS, ""])
            if given:
                made["unexplained_reason"] = given
            reason, failed = GIVEN_REASONS.get(given, "missing"), None
        elif roll < 0.4:
            made |= {"shap_values": {"feature_0": None}, "fingerprint": made["record_id"]}
            reason, failed = "error", ("malformed", "", made["record_id"])
        else:
            error = rng.choice(list(ERRORS))
            request = f"request {rng.randrange(400)}"
            made |= {"error": error, "fingerprint": request}
            reason = "timeout" if ERRORS[error] == "timeout" else "error"
            failed = (ERRORS[error], error.partition(":")[0].rpartition(".")[2], request)
        truth.count("predictions_unexplained", reason)
        if reason == "sampling":  # it was not to be explained
            truth.buckets[bucket, "predictions"] -= 1
        else:
            truth.buckets[bucket, "unexplained"] += 1
        truth.groups[reason, version, made["route"]] += 1
        if failed is not None:
            self._failed(failed, version)

    def _failed(self, failed: tuple[str, str, str], version: str) -> None:
        truth = self.truth
        word, name, request = failed
        key = (word, name, version, request)
        truth.errors[key] += 1
        if truth.errors[key] > 1:
            truth.count("explanation_errors_repeated")
            return
        truth.count("explanation_errors", word)
        truth.count("explanations")
        truth.days[version, "explanations"] += 1
        truth.days[version, "errors"] += 1


class _Writer:
    """One process and its files. What it could not write at once it writes first the next time."""

    def __init__(self, path: Path, rng: random.Random, truth: Truth) -> None:
        self._path, self._rng, self._truth, self._half = path, rng, truth, b""

    def write(self, data: bytes, *, last: bool) -> None:
        data, self._half = self._half + data, b""
        if not last and len(data) > 1000 and self._rng.random() < 0.5:
            cut = len(data) - self._rng.randrange(20, 200)
            torn = data[data.rfind(b"\n", 0, cut) + 1 : data.find(b"\n", cut)]
            # The halves of a line that is no record belong together for nobody: they would count as two.
            if is_record(torn):
                data, self._half = data[:cut], data[cut:]
        with self._path.open("ab") as stream:
            stream.write(data)

    def rotate(self) -> None:
        """The file becomes number 1; the half of a line that waits goes into the new one.

        Where none waits, sometimes a line is begun of which the end never comes.
        """
        if not self._path.exists():
            return
        if not self._half and self._rng.random() < 0.3:
            with self._path.open("ab") as stream:
                stream.write(b'{"record_id": "never')
            self._truth.count("telemetry_quarantined", "torn")
        for number in range(9, 0, -1):
            for suffix in (".gz", ""):
                old = self._numbered(number, suffix)
                if old.exists():
                    old.rename(self._numbered(number + 1, suffix))
        if self._rng.random() < 0.5:
            self._path.rename(self._numbered(1, ""))
        else:
            shutil.copy(self._path, self._numbered(1, ""))
            self._path.write_bytes(b"")
        if self._half:
            with self._path.open("ab") as stream:
                stream.write(self._half)
            self._half = b""

    def tidy(self) -> None:
        """Compress what was rotated a while ago, and delete the oldest."""
        for number in range(2, 11):
            plain = self._numbered(number, "")
            if plain.exists() and self._rng.random() < 0.5:
                with plain.open("rb") as source, gzip.open(self._numbered(number, ".gz"), "wb", 1) as target:
                    shutil.copyfileobj(source, target)
                plain.unlink()
        for number in range(8, 11):
            for suffix in (".gz", ""):
                self._numbered(number, suffix).unlink(missing_ok=True)

    def _numbered(self, number: int, suffix: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}{suffix}")


def totals_of(store: Any, monitor: str = "credit") -> dict[tuple[str, str], float]:
    """Totals of the explanation log as the store has them, above 0, by name and the label beside monitor and model."""
    return {
        (counter.name, next((v for k, v in counter.labels.items() if k not in ("monitor", "model")), "")): counter.value
        for counter in store.snapshot(START).counters
        if counter.labels["monitor"] == monitor and counter.value
    }


def wanted_totals(truth: Truth) -> dict[tuple[str, str], float]:
    """What `totals_of` must show."""
    compute = truth.seconds["compute"]
    wanted: dict[tuple[str, str], float] = {key: float(n) for key, n in truth.totals.items() if n}
    wanted["xdrift_explanation_compute_seconds_total", "online"] = compute
    wanted["xdrift_explanation_cost_dollars_total", ""] = compute * PRICE / 3600
    wanted["xdrift_explanation_duration_seconds_sum", ""] = truth.seconds["latency"]
    for bound, n in zip((*map(str, LATENCY_BUCKETS), "+Inf"), accumulate(truth.latency), strict=True):
        wanted["xdrift_explanation_duration_seconds_bucket", bound] = float(n)
    return wanted


def differences(truth: Truth, seen: dict[tuple[str, str], float]) -> list[str]:
    """Every total that is not as it must be: whole numbers exactly, sums of seconds and dollars to nine digits."""
    wanted = wanted_totals(truth)
    return [
        f"{name} {word}: {seen.get((name, word), 0.0):.15g}, not {wanted.get((name, word), 0.0):.15g}"
        for name, word in sorted({*wanted, *seen})
        if not _agree(name, seen.get((name, word), 0.0), wanted.get((name, word), 0.0))
    ]


def _agree(name: str, seen: float, wanted: float) -> bool:
    fractions = name.endswith(("_sum", "seconds_total", "dollars_total"))
    return isclose(seen, wanted, rel_tol=1e-9) if fractions else seen == wanted
