from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.cli.options import moment
from monitor.errors import ConfigError


@pytest.mark.parametrize(
    "text", ["2024-06-03T00:00Z", "2024-06-03T02:00+02:00", "2024-06-03 00:00:00+00:00", "20240603T000000Z"]
)
def test_a_time_with_a_zone_is_read_as_utc(text: str) -> None:
    found = moment(text, "--at")

    assert found == datetime(2024, 6, 3, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2024-06-03", "2024-06-03T00:00Z for UTC"),
        ("2024-06-03T07:30", "2024-06-03T07:30Z for UTC"),
        ("2024-06-03 07:30:05", "2024-06-03 07:30:05Z for UTC"),
    ],
)
def test_a_time_without_a_zone_is_refused_with_the_text_to_add(text: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="--since has no time zone") as caught:
        moment(text, "--since")

    assert hint in (caught.value.hint or "")


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="--at is not a time"):
        moment("yesterday", "--at")


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"])
def test_a_time_that_is_no_day_of_the_calendar_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--until is beyond the calendar"):
        moment(text, "--until")
