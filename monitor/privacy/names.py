"""Names that a log gives: some hold a value, such as those of one-hot columns (`zip_10115`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from monitor.privacy.keeper import Keeper
from monitor.privacy.quotes import WITHHELD
from monitor.privacy.scan import scan

if TYPE_CHECKING:
    from monitor.settings import MonitorSettings

LONGEST = 100
"""Characters of a name that is told; a longer one is no name."""
_WORDS = 16
"""Words of a name among which one that is known is looked for."""
_WORD = re.compile(r"[^\W_]+")


def names_told(monitor: MonitorSettings, known: Collection[str]) -> Callable[[str], str]:
    """What is told of a name that somebody logged, before it is stored, shown or exported.

    `known`: names of the model and its inputs; they and those of the configuration are told as they are. Any other is
    told only where no column is kept back, it is plain and the scanner finds nothing in it: `x3_Jane` may be the value
    of a column that it does not name. In its place stands the known name that it holds: `name_(withheld)`.
    """
    keeper, privacy = Keeper.of(monitor), monitor.privacy
    rename = monitor.predictions.columns.rename
    public = {*known, *(monitor.features or ()), *rename, *rename.values(), *privacy.allow, *keeper.columns}
    kinds = privacy.kinds if privacy.scan else ()

    def told(name: str) -> str:
        if name in public:
            return name
        if not keeper.columns and len(name) <= LONGEST and name.isprintable() and not scan(name, kinds):
            return name
        stem = holds_name(name, public)
        return WITHHELD if stem is None else f"{stem}_{WITHHELD}"

    return told


def holds_name(name: str, known: Collection[str]) -> str | None:
    """The first of the known names that stands within this one as whole words, the longest there; None for none."""
    spans = [found.span() for found, _ in zip(_WORD.finditer(name), range(_WORDS), strict=False)]
    for i, (start, _) in enumerate(spans):
        for _, end in reversed(spans[i:]):
            if name[start:end] in known:
                return name[start:end]
    return None
