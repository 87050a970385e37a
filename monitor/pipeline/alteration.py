"""What a drill changes in one check. A check in service has `UNALTERED`: this is the only door for anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from monitor.pipeline.subject import Subject
from monitor.types import Sample

_T = TypeVar("_T")


def _as_it_is(given: _T) -> _T:
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """Two functions that a check applies to what it opened and drew, before it looks at either."""

    subject: Callable[[Subject], Subject] = _as_it_is
    """Model and explainer, as opened. Another answer needs another model digest: equal digests reuse the reference."""
    sample: Callable[[Sample], Sample] = _as_it_is
    """Rows of traffic, as drawn and not yet fitted to the columns and kinds of the holdout."""


UNALTERED = Alteration()
