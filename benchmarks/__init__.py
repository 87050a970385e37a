"""Measurements beside the peers: `python -m benchmarks`, described in docs/benchmarks.md."""
