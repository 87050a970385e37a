"""What comes in: the deployed model, the holdout, samples of predictions, attribution matrices, the explanation log.

No other room is imported here, and heavy libraries only by the function that needs them. What stands here is imported
when it is first used: a daemon that reads explanation logs must not pay for pandas and Arrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.sources.columns import inspect_rows
    from monitor.sources.digests import content_digest
    from monitor.sources.explanation_log import look_at_log, read_log
    from monitor.sources.frames import align
    from monitor.sources.holdout import read_holdout
    from monitor.sources.logged import logged_rows
    from monitor.sources.lookup import find_prediction
    from monitor.sources.matrices import read_matrix
    from monitor.sources.models import load_model
    from monitor.sources.named import log_keys, prediction_columns
    from monitor.sources.newest import newest_time
    from monitor.sources.predictions import draw_sample
    from monitor.sources.ranks import slot_seed
    from monitor.sources.times import period_labels

__all__ = [
    "align",
    "content_digest",
    "draw_sample",
    "find_prediction",
    "inspect_rows",
    "load_model",
    "log_keys",
    "logged_rows",
    "look_at_log",
    "newest_time",
    "period_labels",
    "prediction_columns",
    "read_holdout",
    "read_log",
    "read_matrix",
    "slot_seed",
]

_HOMES = {
    "align": "frames",
    "content_digest": "digests",
    "draw_sample": "predictions",
    "find_prediction": "lookup",
    "inspect_rows": "columns",
    "load_model": "models",
    "log_keys": "named",
    "logged_rows": "logged",
    "look_at_log": "explanation_log",
    "newest_time": "newest",
    "period_labels": "times",
    "prediction_columns": "named",
    "read_holdout": "holdout",
    "read_log": "explanation_log",
    "read_matrix": "matrices",
    "slot_seed": "ranks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
