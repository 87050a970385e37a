"""`xdrift serve`: checks at their slots, metrics and pages over HTTP, an orderly end."""

from monitor.daemon.service import GRACE, serve

__all__ = ["GRACE", "serve"]
