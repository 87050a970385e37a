"""The only place where the rooms meet: one check, from sample to saved result."""

from monitor.pipeline.alteration import Alteration
from monitor.pipeline.check import could_not_run, matching_reference, perform
from monitor.pipeline.reference import build_reference, create_reference
from monitor.pipeline.subject import Subject, open_subject

__all__ = [
    "Alteration",
    "Subject",
    "build_reference",
    "could_not_run",
    "create_reference",
    "matching_reference",
    "open_subject",
    "perform",
]
