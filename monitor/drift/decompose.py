"""Why importance changed, feature by feature, in two parts that add up exactly.

With I(model, rows) the mean abs attribution: reference = I(then, holdout), holdout = I(now, holdout),
current = I(now, traffic). Then

    model_part = holdout - reference     same rows, new answer
    data_part  = current - holdout       same model, new rows

and current - reference = model_part + data_part by construction, whatever the interaction of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from monitor.drift.weights import shares
from monitor.types import Contribution, Floats, Level


def decompose(
    feature_names: Sequence[str],
    *,
    reference: Floats,
    holdout: Floats,
    current: Floats,
    levels: Mapping[str, int],
) -> tuple[Contribution, ...]:
    """Contributions in feature order. The three importances are (d,); `levels` is the highest level per feature."""
    share_ref, share_cur = shares(reference), shares(current)
    return tuple(
        Contribution(
            feature=name,
            importance_reference=float(reference[j]),
            importance_holdout=float(holdout[j]),
            importance_current=float(current[j]),
            share_reference=float(share_ref[j]),
            share_current=float(share_cur[j]),
            model_part=float(holdout[j] - reference[j]),
            data_part=float(current[j] - holdout[j]),
            level=cast(Level, levels.get(name, 0)),
        )
        for j, name in enumerate(feature_names)
    )
