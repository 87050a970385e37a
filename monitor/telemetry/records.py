"""One record of the explanation log, and what a batch of them adds up to. Pure data: nothing here reads or stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True, kw_only=True)
class Logged:
    """One prediction as the serving system logged it, understood and checked; no value of an input is in it.

    Not frozen, which would take four times as long to make: there are 20,000 a second.
    """

    record_id: str
    time: float
    """Seconds since 1970."""
    model_version: str
    """Empty when the record has none."""
    explained: bool
    attempted: bool
    """An explanation was tried and came to an end, well or badly."""
    reason: str | None
    """One of names.UNEXPLAINED_REASONS; None when explained."""
    error_reason: str | None
    """One of names.ERROR_REASONS; None unless an attempt failed."""
    error: str
    """Class of the error; empty when there is none."""
    fingerprint: str
    """Of the failed request; empty when there is none."""
    latency: float | None
    """Seconds."""
    source: str
    """One of names.EXPLANATION_SOURCES; empty unless explained."""
    stale: bool
    compute_seconds: float
    size: int
    """Bytes of the record."""
    adverse: bool
    groups: tuple[tuple[str, str], ...]
    """(key, value) of telemetry.group_by; empty when explained."""
    personal: tuple[tuple[str, str], ...]
    """(kind of personal data, field it was found in)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A line that could not be used: where it stands and why, never what it says."""

    source: str
    """File name without its folder, or table name."""
    position: int
    """Byte of the uncompressed file at which the line begins; the value of telemetry.order for tables."""
    size: int
    reason: str
    """One of names.QUARANTINE_REASONS."""


@dataclass(slots=True, kw_only=True)
class Span:
    """How often something was seen, and between which times."""

    n: int = 0
    first: datetime
    last: datetime


@dataclass(slots=True, kw_only=True)
class Bucket:
    """Counts of five minutes of event time, for budgets; `errors` without repeats. A prediction that sampling left out
    was not to be explained, and is in none of them."""

    predictions: int = 0
    unexplained: int = 0
    explanations: int = 0
    errors: int = 0
    slow: int = 0
    privacy: int = 0


@dataclass(slots=True, kw_only=True)
class Day:
    """Counts of one UTC day of one model version."""

    predictions: int = 0
    left_out: int = 0
    """By sampling."""
    explained: int = 0
    explanations: int = 0
    errors: int = 0
    slow: int = 0
    adverse: int = 0
    compute_seconds: float = 0.0
    cost: float = 0.0
    payload_bytes: float = 0.0
    sources: dict[str, int] = field(default_factory=dict)
    latency: list[int] = field(default_factory=list)
    """Per bucket of names.LATENCY_BUCKETS and +Inf, not cumulated."""


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one transaction adds to the store. Duplicates are in `totals` only, as duplicates."""

    totals: dict[tuple[str, str], float] = field(default_factory=dict)
    """(counter of names.COUNTERS, value of its label or an empty text) to what is added."""
    latency: list[int] = field(default_factory=list)
    """Explanations per bucket of names.LATENCY_BUCKETS and +Inf, not cumulated."""
    latency_sum: float = 0.0
    buckets: dict[datetime, Bucket] = field(default_factory=dict)
    days: dict[tuple[datetime, str], Day] = field(default_factory=dict)
    """(midnight UTC, model version)."""
    unexplained: dict[tuple[datetime, str, str, tuple[tuple[str, str], ...]], Span] = field(default_factory=dict)
    """(midnight UTC, reason, model version, groups)."""
    errors: dict[tuple[str, datetime], tuple[str, str, str, Span]] = field(default_factory=dict)
    """(fingerprint, midnight UTC) to reason, class of the error, model version, how often."""
    incidents: dict[tuple[datetime, str, str], Span] = field(default_factory=dict)
    """(midnight UTC, kind, field)."""
    quarantined: list[Quarantined] = field(default_factory=list)
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    """Sorted, of the ids counted here."""
    watermark: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of the days on which requests of a batch failed."""

    requests: Mapping[tuple[str, datetime], int] = field(default_factory=dict)
    """(fingerprint, midnight UTC) of failed requests that were counted before, and how often."""
    failures: Mapping[datetime, int] = field(default_factory=dict)
    """Midnight UTC to failures counted on that day, repeats not among them."""
