"""Every generated file, as text: what `python -m dashboards` writes and a test compares with what is committed."""

from __future__ import annotations

import json

from dashboards import debug, exec, oncall  # noqa: A004  the dashboard's name
from dashboards.model import Board
from dashboards.panels import document

BOARDS: tuple[Board, ...] = (exec.BOARD, oncall.BOARD, debug.BOARD)


def files() -> dict[str, str]:
    """Path below json/ to its text. Indented by one space: a change shows as the lines it touches."""
    return {f"{board.name}.json": json.dumps(document(board), indent=1, sort_keys=True) + "\n" for board in BOARDS}
