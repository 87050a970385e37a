"""Days below the objectives: what a compliance report holds against serving."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.reports.compliance_log import log_figures
from monitor.store.reported import PeriodFacts, TelemetryDay

from .records import DAY, WEEK, settings

(CONFIGURED,) = settings(telemetry={"path": "log.jsonl"}).monitors
TODAY = WEEK.start + DAY


def day(predictions: int, explained: int, left_out: int = 0, version: str = "1") -> TelemetryDay:
    return TelemetryDay(
        monitor="credit", day=TODAY, model_version=version, predictions=predictions, left_out=left_out,
        explained=explained, explanations=explained, errors=0, slow=0, adverse=0, compute_seconds=0.0, cost=0.0,
        payload_bytes=0.0, sources={}, latency=(0,) * 20,
    )  # fmt: skip


def figures(*days: TelemetryDay) -> Any:
    nothing: dict[str, Any] = dict.fromkeys(PeriodFacts.__dataclass_fields__, ())
    facts = PeriodFacts(**nothing | {"days": days})
    return log_figures(days, facts, CONFIGURED, name="credit", counts_adverse=False)


@pytest.mark.parametrize(("explained", "bad"), [(95, 0), (94, 1)])
def test_coverage_of_a_day_is_of_the_predictions_that_sampling_did_not_leave_out(explained: int, bad: int) -> None:
    found = figures(day(900, explained, 850), day(100, 0, 50, "2"))

    assert found.bad_day_count == bad
    assert [(one.predictions, one.explained) for one in found.bad_days] == [(100, 94)] * bad
    assert found.coverage == explained / 1000, "the figure beside it is of all predictions"


def test_a_day_of_which_sampling_left_out_everything_is_not_bad() -> None:
    assert figures(day(1000, 0, 1000)).bad_day_count == 0
