"""xdrift: explanation drift monitoring.

from monitor import compare
compare(reference_attributions, current_attributions).verdict
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.drift.compare import Comparison, compare

__version__ = "0.1.0"
__all__ = ["Comparison", "__version__", "compare"]


def __getattr__(name: str) -> Any:
    # scipy takes a while to import; `xdrift --help` and the scrape do not need it.
    if name in ("compare", "Comparison"):
        from monitor import drift

        return getattr(drift, name)
    raise AttributeError(f"module 'monitor' has no attribute {name!r}")
