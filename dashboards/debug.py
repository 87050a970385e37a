"""Debug: why? From the check to the feature to single predictions."""

from __future__ import annotations

from dashboards.debug_check import CHECK, EXPLAINER, SEGMENTS
from dashboards.debug_features import FEATURES
from dashboards.debug_predictions import OFFLINE, PREDICTIONS
from dashboards.model import Board

BOARD = Board(
    name="debug",
    title="xdrift: why",
    description="Why? From the check to the feature to single predictions.",
    since="now-7d",
    refresh="5m",
    rows=(CHECK, FEATURES, SEGMENTS, PREDICTIONS, OFFLINE, EXPLAINER),
)
