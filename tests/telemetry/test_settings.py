"""Settings of the explanation log that would lose or double counts are refused, with the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.settings import TelemetrySettings


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"every": "6m"}, "every is longer than five minutes"),
        ({"every": "2m", "remember": "90s", "late_after": "1m"}, "remember is shorter than every"),
        ({"remember": "30m"}, "remember is shorter than late_after"),
        ({"ahead": "2d"}, "ahead is longer than a day"),
    ],
)
def test_what_would_lose_or_double_counts_is_refused_with_the_reason(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TelemetrySettings(path="log.jsonl", **settings)


def test_busy_logs_may_remember_for_a_short_time() -> None:
    made = TelemetrySettings.model_validate(
        {"path": "log.jsonl", "every": "5m", "remember": "10m", "late_after": "10m"}
    )
    assert made.remember == timedelta(minutes=10)
