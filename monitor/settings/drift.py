"""Effect floors, error rates and the budget of false alarms."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from monitor.settings.base import Strict


class DriftSettings(Strict):
    """Effect floors and error rates; a threshold is the larger of its floor and its calibrated null quantile."""

    bins: int = Field(default=10, ge=2, le=100)
    psi_warning: float = Field(default=0.1, gt=0)
    psi_severe: float = Field(default=0.2, gt=0)
    ks_warning: float = Field(default=0.1, gt=0, lt=1)
    ks_severe: float = Field(default=0.2, gt=0, lt=1)
    stability_warning: float = Field(default=0.2, gt=0)
    stability_severe: float = Field(default=0.4, gt=0)
    change_warning: float = Field(default=0.5, gt=0)
    change_severe: float = Field(default=1.0, gt=0)
    """Of the same rows: mean change of an attribution, as a share of the mean attribution; a changed sign gives 2."""
    alpha_warning: float = Field(default=0.025, gt=0, lt=1)
    """Bound on the adjusted p-value for level 1; half of the promised 5 % of checks: room for approximations."""
    alpha_severe: float = Field(default=0.005, gt=0, lt=1)
    """Bound on the adjusted p-value for level 2; half of the promised 1 % of checks."""
    false_warnings_per_month: float = Field(default=1.0, ge=1e-6, allow_inf_nan=False)
    """False alarms of level 1 or higher that chance may raise in a month; frequent checks get smaller alphas."""
    false_severe_per_month: float = Field(default=0.1, ge=1e-6, allow_inf_nan=False)
    """The same for level 2: 0.1 is one in ten months."""
    materiality: float = Field(default=0.02, ge=0, lt=1)
    """Features under this share of all importance, before and now, never alarm."""
    min_rows: int = Field(default=50, ge=10)
    """Fewer rows on either side: unknown."""
    segments_per_column: int = Field(default=20, ge=1, le=1000)
    """Values of a segment column that are tested, those with most recent rows; the rest is counted in a note."""
    top_k: int = Field(default=5, ge=1)
    groups: dict[Annotated[str, Field(min_length=1)], tuple[str, ...]] = Field(default_factory=dict)
    """Features that share credit, by a name for the group: their sum is tested as well, and members that only swap
    credit are no more than a warning."""
    find_groups: float | None = Field(default=None, gt=0, lt=1)
    """Group features by themselves whose inputs have this absolute rank correlation on the holdout (0.7 is usual)."""
    season_matched: bool = True
    """Where the holdout spans a year, a level must hold against its rows of the same season as well."""
    canary_comparisons: int = Field(default=4, ge=0, le=1000)
    """Random halves of the holdout that every check compares with each other to count its own false alarms."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("psi", "ks", "stability", "change"):
            low, high = getattr(self, f"{name}_warning"), getattr(self, f"{name}_severe")
            if low > high:
                raise ValueError(f"{name}_warning {low} is above {name}_severe {high}")
        if self.alpha_severe > self.alpha_warning:
            raise ValueError(f"alpha_severe {self.alpha_severe} is above alpha_warning {self.alpha_warning}")
        return self

    @model_validator(mode="after")
    def _budget_and_groups(self) -> Self:
        if self.false_severe_per_month > self.false_warnings_per_month:
            raise ValueError(
                f"false_severe_per_month {self.false_severe_per_month:g} is above false_warnings_per_month "
                f"{self.false_warnings_per_month:g}; a severe alarm is a warning too"
            )
        grouped: dict[str, str] = {}
        for group, members in self.groups.items():
            if len(set(members)) < 2:
                raise ValueError(f"group {group!r} has the members {', '.join(members) or 'none'}; two are needed")
            for member in dict.fromkeys(members):
                if member in grouped:
                    raise ValueError(f"feature {member!r} is in the groups {grouped[member]!r} and {group!r}")
                grouped[member] = group
        return self

    def at_rate(self, checks_per_month: float) -> DriftSettings:
        """The same with alphas that keep the monthly budget of false alarms at so many checks a month.

        Without drift a check raises a level with a probability of at most alpha: a month holds alpha * checks.
        """
        severe = min(self.alpha_severe, self.false_severe_per_month / checks_per_month)
        warning = min(self.alpha_warning, self.false_warnings_per_month / checks_per_month)
        return self.model_copy(update={"alpha_warning": warning, "alpha_severe": severe})
