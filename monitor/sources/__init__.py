"""What comes in: the deployed model, the holdout, samples of recent predictions, attribution matrices.

No other room is imported here, and heavy libraries only by the function that needs them.
"""

from monitor.sources.columns import inspect_rows
from monitor.sources.digests import content_digest
from monitor.sources.frames import align
from monitor.sources.holdout import read_holdout
from monitor.sources.matrices import read_matrix
from monitor.sources.models import load_model
from monitor.sources.predictions import draw_sample
from monitor.sources.ranks import slot_seed
from monitor.sources.times import period_labels

__all__ = [
    "align",
    "content_digest",
    "draw_sample",
    "inspect_rows",
    "load_model",
    "period_labels",
    "read_holdout",
    "read_matrix",
    "slot_seed",
]
