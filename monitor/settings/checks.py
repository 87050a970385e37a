"""When a monitor is checked, on how many rows, and how these are explained."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.settings.base import Duration, Strict, format_duration


class ScheduleSettings(Strict):
    """When a monitor is checked, and over which window. All times are UTC."""

    every: Duration | None = None
    """Interval between slots, aligned to the Unix epoch's Monday (1970-01-05). Exactly one of every, cron."""
    cron: str | None = None
    """Five crontab fields; weekdays may be names or 0-7 with 0 and 7 = Sunday."""
    window: Duration | None = None
    """Span of traffic that a check looks at, ending at the slot minus delay; `every` when absent."""
    delay: Duration = timedelta(0)
    """How late predictions may still arrive."""
    deadline: Duration = timedelta(minutes=15)
    """A check that takes longer is ended and counts as failed."""
    confirm_after: Duration | None = timedelta(minutes=30)
    """A severe level of a monitor that is checked less than every six hours is checked again, on a fresh sample, that
    long after its slot: nobody is paged for one verdict. Null: not at all."""
    catch_up: int = Field(default=12, ge=1, le=10_000)
    """Missed slots that are made up for after a stop; older ones are recorded as skipped."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError(f"every is too short: {format_duration(self.every)}; at least 1s, as in every: 1h")
        if self.window is not None and self.window <= timedelta(0):
            raise ValueError("window must be longer than nothing")
        if (self.every is not None) == bool(self.cron):
            raise ValueError("needs exactly one of every, cron")
        if self.cron and self.window is None:
            raise ValueError("cron needs window")
        if self.deadline <= timedelta(0):
            raise ValueError("deadline must be longer than nothing")
        return self

    @property
    def span(self) -> timedelta:
        """Length of the window."""
        found = self.window or self.every
        assert found is not None  # the validator above
        return found


class SampleSettings(Strict):
    rows: int = Field(default=1000, ge=10, le=1_000_000)
    """Rows drawn uniformly from the window."""
    min_rows: int = Field(default=100, ge=10)
    """Fewer rows than this: the verdict is unknown."""
    priority_rows: int = Field(default=50, ge=0, le=10_000)
    """At most so many priority rows are explained as well."""
    batch_rows: int = Field(default=20_000, ge=100)
    """Rows held in memory at once while sampling."""


class ExplainSettings(Strict):
    engine: Literal[
        "auto",
        "tree-compiled",
        "xgboost-native",
        "lightgbm-native",
        "catboost-native",
        "tree",
        "tree-interventional",
        "linear",
        "permutation",
        "kernel",
        "sampling",
        "gradient",
        "deep",
    ] = "auto"
    """auto: the fastest exact engine for the model, else permutation."""
    background_rows: int = Field(default=100, ge=1, le=100_000)
    """Rows of the holdout that approximate and interventional engines integrate over."""
    max_evals: int | Literal["auto"] = "auto"
    """Model evaluations per row for approximate engines."""
    chunk_rows: int = Field(default=10_000, ge=1)
    """Rows explained at once; bounds memory."""
    tolerance: float = Field(default=1e-3, gt=0)
    """Largest accepted additivity gap, relative to max(1, abs(prediction))."""
    seed: int = 0
    noise_runs: int = Field(default=3, ge=0, le=20)
    """Approximate engines: how often a new reference explains the holdout again with another seed, to learn what the
    seed alone changes. 0: not at all."""
