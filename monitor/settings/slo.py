"""Objectives of one monitor, refused where an alert on them could never fire."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.settings.base import Duration, HttpAddress, Slug, Strict

FAST_SHARE, FAST_HOURS = 0.02, 1
"""The fastest page: this share of the budget within so many hours."""
HALF_SHARE, HALF_HOURS = 0.5, 24
"""The composite's page."""
SERVING_SLOS = ("coverage", "latency", "errors", "privacy")
"""SLOs of the explanation log."""


class SloSettings(Strict):
    """Share of good events, or of good minutes, over the period."""

    period: Literal["28d", "30d"] = "30d"
    coverage: float = Field(default=0.95, gt=0, lt=1)
    """Explained predictions, of those that sampling did not leave out."""
    latency: float = Field(default=0.95, gt=0, lt=1)
    """Explanations within telemetry.latency_threshold: 0.95 makes the threshold the 95th percentile."""
    errors: float = Field(default=0.99, gt=0, lt=1)
    """Explanations that did not fail."""
    freshness: float = Field(default=0.99, gt=0, lt=1)
    """Minutes in which the last successful check was recent enough."""
    checks: float = Field(default=0.95, gt=0, lt=1)
    """Checks that did not fail."""
    drift: float = Field(default=0.95, gt=0, lt=1)
    """Minutes without confirmed severe drift."""
    explanations: float = Field(default=0.95, gt=0, lt=1)
    """The composite: minutes in which none of the above was in incident."""

    @property
    def period_days(self) -> int:
        return int(self.period.removesuffix("d"))

    @property
    def span(self) -> timedelta:
        return timedelta(days=self.period_days)

    def objectives(self) -> dict[str, float]:
        """SLO to objective; privacy's is 1: no incident is accepted."""
        names = ("coverage", "latency", "errors", "freshness", "checks", "drift", "explanations")
        return {**{name: float(getattr(self, name)) for name in names}, "privacy": 1.0}

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        limits = dict.fromkeys(("coverage", "latency", "errors", "freshness"), (FAST_SHARE, FAST_HOURS))
        limits["explanations"] = (HALF_SHARE, HALF_HOURS)
        for name, (share, hours) in limits.items():
            factor = share * self.period_days * 24 / hours
            least = 1 - 1 / factor
            if getattr(self, name) <= least:
                raise ValueError(
                    f"{name} {getattr(self, name):g} is too low: its page needs a burn rate of {factor:g}, and with "
                    f"everything failing the rate is {1 / (1 - getattr(self, name)):.3g}; expected above {least:.4f}"
                )
        return self


class ChannelSettings(Strict):
    """Where news of a monitor is sent when its level changes; alerts themselves come from Alertmanager."""

    name: Slug
    url: HttpAddress
    """Webhook that accepts a JSON POST; `text` holds the message, so chat systems show it."""
    timeout: Duration = timedelta(seconds=10)
    give_up: Duration = timedelta(days=1)
    """A message that cannot be delivered for so long is dropped, and counted."""
