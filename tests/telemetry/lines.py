"""A monitor with an explanation log, and records of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.settings import MonitorSettings
from monitor.telemetry import Logged

NOW = datetime(2024, 5, 6, 12, tzinfo=UTC).timestamp()
RECORD: Mapping[str, Any] = {
    "record_id": "p-1",
    "timestamp": "2024-05-06T11:59:00+00:00",
    "model_version": "7",
    "prediction": 0.3,
    "predicted_class": "approve",
    "shap_values": {"income": 0.25, "age": -0.1, "debt": 0},
    "top_features": ["income", "age"],
    "base_value": 0.15,
    "explanation_latency_ms": 12.5,
    "is_cached": False,
    "source": "live_treeshap",
    "route": "/apply",
}


def make_monitor(*, telemetry: Mapping[str, Any] | None = None, **settings: Any) -> MonitorSettings:
    return MonitorSettings.model_validate(
        {
            "name": "credit",
            "owner": "risk",
            "model": {"path": "model.ubj"},
            "holdout": {"path": "holdout.parquet"},
            "predictions": {"path": "traffic.parquet"},
            "schedule": {"every": "1d"},
            "telemetry": {"path": "log.jsonl", **(telemetry or {})},
            **settings,
        }
    )


def line(**changes: Any) -> bytes:
    """The record above with some keys changed; None of Ellipsis removes a key."""
    record = {**RECORD, **changes}
    return json.dumps({key: value for key, value in record.items() if value is not ...}).encode() + b"\n"


Understand = Callable[..., Logged | str]
