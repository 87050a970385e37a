"""Synthetic attributions whose truth is known: the pools of the benchmarks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from benchmarks.pools import SYNTHETIC, Pool


@pytest.fixture(scope="session")
def pools() -> Mapping[str, Pool]:
    return SYNTHETIC
