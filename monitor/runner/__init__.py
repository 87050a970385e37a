"""Checks in processes of their own: claimed, bounded by a deadline, and never silent when they end badly."""

from monitor.runner.backfill import BackfillReport, backfill
from monitor.runner.ownership import alive, own
from monitor.runner.slot import PERFORM, SlotOutcome, now, recover, register, release_own, run_slot

__all__ = [
    "PERFORM",
    "BackfillReport",
    "SlotOutcome",
    "alive",
    "backfill",
    "now",
    "own",
    "recover",
    "register",
    "release_own",
    "run_slot",
]
