"""The only place where the rooms meet: one check, from sample to saved result."""

from monitor.pipeline.check import could_not_run, perform
from monitor.pipeline.reference import create_reference

__all__ = ["could_not_run", "create_reference", "perform"]
