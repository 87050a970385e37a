from __future__ import annotations

import pytest

from monitor.telemetry import Understanding
from tests.telemetry.lines import NOW, Understand, line, make_monitor


@pytest.fixture
def understand() -> Understand:
    """Changes to the record in, what is understood out."""
    understanding = Understanding(make_monitor())
    return lambda **changes: understanding.line(line(**changes), now=NOW)
