"""What one record of the explanation log costs a serving application, in wall time of the call."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import Form
from monitor.log import Log

SEED = 23
RECORDS = {"smoke": 500, "short": 10_000, "full": 100_000}
ATTRIBUTIONS, INPUTS = 20, 42
WARM = 200
"""First records, which open the file; left out."""
WAYS: Mapping[str, Mapping[str, Any]] = {
    "attributions alone": {},
    "with inputs, two of them redacted": {"redact": ["input_00", "input_01"]},
    "rotated every megabyte": {"max_bytes": 1_000_000, "keep": 3},
}


def measure_writer(form: Form) -> dict[str, Any]:
    """Percentiles of microseconds per record for each way of logging."""
    return {
        "seed": SEED,
        "records": RECORDS[form],
        "attributions": ATTRIBUTIONS,
        "inputs": INPUTS,
        "ways": [_way(name, options, RECORDS[form]) for name, options in WAYS.items()],
    }


def _way(name: str, options: Mapping[str, Any], records: int) -> dict[str, Any]:
    rng = random.Random(SEED)
    attributions = [{f"feature_{k:02d}": rng.gauss(0, 0.1) for k in range(ATTRIBUTIONS)} for _ in range(200)]
    inputs = {f"input_{k:02d}": rng.gauss(100, 20) for k in range(INPUTS)} if "redact" in options else None
    spent = np.empty(records + WARM)
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder, "log.jsonl"), **options)
        for number in range(len(spent)):
            begun = time.perf_counter_ns()
            log.explained(
                f"{number:08d}", attributions[number % len(attributions)], inputs=inputs, prediction=0.3,
                base_value=0.1, latency=0.0123, model_version="7", source="live_treeshap", predicted_class="approve",
            )  # fmt: skip
            spent[number] = time.perf_counter_ns() - begun
        failures = log.failures
    p50, p90, p99, largest = np.percentile(spent[WARM:] / 1000, (50, 90, 99, 100)).round(1).tolist()
    return {"way": name, "p50_us": p50, "p90_us": p90, "p99_us": p99, "largest_us": largest, "failures": failures}
