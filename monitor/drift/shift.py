"""What all predictions on the holdout moved by together: a new base value, which no attribution shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.types import Attributions, Floats, Level

SHIFT_WARNING, SHIFT_SEVERE = 0.25, 0.5
"""Standard deviations. A normal distribution moved so far is a KS distance of 0.1 and 0.2 from where it was, the
floors that attributions have."""
ALIKE = 0.01
"""Every row moved by the same where the changes' spread is at most this share of the change."""
BY_BASE = 0.1
"""The base value answers for a shift that it leaves no more of than this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonShift:
    """Predictions on the holdout, now against then, of the explained output that moved farthest together."""

    amount: float
    """Median change over rows, in units of the output: what half of the rows did not do is no common shift."""
    size: float
    """The same, absolute, in standard deviations of the predictions then."""
    alike: bool
    """Every row moved by it, not only most."""
    base_values: tuple[float, float] | None
    """Base value then and now, where it explains the shift."""

    @property
    def level(self) -> Level:
        return 2 if self.size > SHIFT_SEVERE else 1 if self.size > SHIFT_WARNING else 0

    @property
    def text(self) -> str:
        """A clause: what moved, how far, and whether the base value did it."""
        moved = "every prediction on the holdout moved" if self.alike else "predictions on the holdout moved together"
        far = f"{moved} by {self.amount:+.3g}, {self.size:.2g} of their standard deviation"
        if self.base_values is None:
            return far
        then, now = self.base_values
        return f"{far}: the base value changed from {then:.4g} to {now:.4g}"


def common_shift(before: Attributions, after: Attributions) -> CommonShift | None:
    """How far the predictions of the same rows moved together, both explained on one scale and of the same classes.

    Of several outputs the one that moved farthest. None without rows. Predictions are what is held against each other
    and not base values: a new background moves the base value and the attributions and leaves predictions alone.
    """
    if not before.n:
        return None
    change = after.predictions - before.predictions
    together = np.median(change, axis=0)
    sizes = np.abs(together) / _spread(before.predictions)
    k = int(np.argmax(sizes))
    amount = float(together[k])
    then, now = float(before.base_values[:, k].mean()), float(after.base_values[:, k].mean())
    explained = amount != 0 and abs(now - then - amount) <= BY_BASE * abs(amount)
    return CommonShift(
        amount=amount,
        size=float(sizes[k]),
        alike=bool(np.abs(change[:, k] - amount).max() <= ALIKE * abs(amount)),
        base_values=(then, now) if explained else None,
    )


def prediction_shift(before: Attributions, after: Attributions) -> float:
    """Mean abs change of the explained output that moved most, over its standard deviation."""
    change = np.abs(after.predictions - before.predictions).mean(axis=0)
    return float((change / _spread(before.predictions)).max(initial=0.0))


def _spread(predictions: Floats) -> Floats:
    """(k,) standard deviation of each output; 1 where all its predictions are the same."""
    spread: Floats = predictions.std(axis=0)
    return np.where(spread > 0, spread, 1.0)
