"""The configuration file: what is read, and how mistakes are told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import config
from monitor.errors import ConfigError
from monitor.settings import Settings

GOOD = Path(__file__).with_name("good.yaml").read_text(encoding="utf-8")

Load = Callable[..., Settings]
Violations = Callable[..., list[str]]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_file_is_read(load: Load) -> None:
    found = load()
    assert found.max_checks == 3
    assert found.monitor("credit").schedule.window == timedelta(days=7)


def test_paths_are_relative_to_the_folder_of_the_file(load: Load, tmp_path: Path) -> None:
    found = load()
    assert found.monitor("credit").model.path == str(tmp_path / "models/credit.json")
    assert found.monitor("credit").holdout.path == str(tmp_path / "holdout.parquet")
    assert found.store.url == f"sqlite:///{tmp_path}/state/xdrift.db"


def test_the_default_database_lies_beside_the_file(load: Load, tmp_path: Path) -> None:
    found = load(changed("store:\n  url: sqlite:///state/xdrift.db\n", ""))
    assert found.store.url == f"sqlite:///{tmp_path}/xdrift.db"


def test_absolute_and_remote_paths_stay(load: Load) -> None:
    found = load(changed("models/credit.json", "/srv/credit.json").replace("holdout.parquet", "s3://bucket/h.parquet"))
    assert found.monitor("credit").model.path == "/srv/credit.json"
    assert found.monitor("credit").holdout.path == "s3://bucket/h.parquet"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("path: models", "pth: models", "8: monitors[0].model.pth: unknown key; did you mean path?"),
        ("store:", "stor:", "1: stor: unknown key; did you mean store?"),
        ("owner: risk team", "window: 1d\n    owner: me", "6: monitors[0].window: unknown key; it belongs under sched"),
        ("      id: row", "      owner: me", "11: monitors[0].holdout.owner: unknown key; it belongs to monitor, not"),
        ("      id: row", "      zzz: me", "11: monitors[0].holdout.zzz: unknown key; expected one of path, url, "),
        ("    owner: risk team\n", "", "5: monitors[0].owner: missing, but required"),
        ("name: credit", "name: Credit Risk", "5: monitors[0].name: seen 'Credit Risk'; expected 1 to 63 lower-case"),
        ("every: 1d", "every: daily", "16: monitors[0].schedule.every: 'daily' is not a duration; expected a number"),
        ("every: 1d", "cron: 0 9 * * 8", "16: monitors[0].schedule.cron: '8' is no weekday; expected 0-7"),
        ("every: 1d\n", "every: 1d\n      cron: 0 9 * * 1\n", "15: monitors[0].schedule: needs exactly one of every"),
        ("max_checks: 3", "max_checks: many", "3: max_checks: seen 'many'; expected a whole number"),
        ("max_checks: 3", "max_checks: 0", "3: max_checks: seen 0; expected a number greater than or equal to 1"),
        ("name: credit", "name: 7", "5: monitors[0].name: seen 7; expected text; put it in quotes"),
        ("    model:\n      path: models/credit.json", "    model: [1]", "7: monitors[0].model: seen a list of 1"),
        ("    model:", "    tier: high\n    model:", "7: monitors[0].tier: seen 'high'; expected 'critical', 'stand"),
        ("      path: models", "      class_index: x\n      path: models", "expected a whole number or 'all'"),
        ("monitors:", "monitors: []\nx:", "4: monitors: seen a list of 0; expected at least one entry"),
        ("max_checks: 3", "max_checks: 3\nmax_checks: 4", "4: max_checks: given twice, first in line 3; expected once"),
        ("sqlite:///state/xdrift.db", "sqlite://", "2: store.url: seen 'sqlite://'; expected a file or a server"),
        ("sqlite:///state/xdrift.db", "'sqlite:///:memory:'", "2: store.url: seen 'sqlite:///:memory:'"),
        ("    schedule:", "    sample: {rows: 20}\n    schedule:", "15: monitors[0].sample.rows: 20 rows are drawn"),
        ("${DB_PASSWORD}", "${NOPE}", "13: monitors[0].predictions.url: ${NOPE} is not set; expected the environment"),
        ("      table: predictions\n", "", "12: monitors[0].predictions: needs exactly one of path, table, query"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_line_key_value_and_expectation(
    violations: Violations, old: str, new: str, expected: str
) -> None:
    assert any(expected in line for line in violations(changed(old, new))), violations(changed(old, new))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(violations: Violations) -> None:
    text = (
        changed("max_checks: 3", "max_checks: x").replace("owner:", "ownr:").replace("1d", "soon").replace("row", "1")
    )
    found = violations(text + "  - name: credit\n    tier: low\n", XDRIFT_SERVER__PORT="http")
    lines = [int(line.split(":")[0]) for line in found[1:]]
    assert found[0] == "environment: XDRIFT_SERVER__PORT: seen 'http'; expected a whole number"
    assert lines == sorted(lines)
    assert {3, 5, 6, 16, 18, 19} <= set(lines)


def test_a_mistake_is_told_once(violations: Violations) -> None:
    found = violations(GOOD + GOOD[GOOD.index("  - name") :])
    assert found == ["18: monitors[1].name: two monitors are named 'credit', the first in line 5"]


def test_the_whole_message_names_the_file_and_counts(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(changed("max_checks: 3", "max_checks: x"))
    assert str(caught.value).splitlines() == [
        f"configuration {tmp_path}/xdrift.yaml has 1 mistake",
        f"  {tmp_path}/xdrift.yaml:3: max_checks: seen 'x'; expected a whole number",
    ]


def test_the_content_of_a_secret_file_is_not_shown(violations: Violations, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret", encoding="utf-8")
    (found,) = violations(XDRIFT_MAX_CHECKS_FILE=str(tmp_path / "secret"))
    assert found == "environment: XDRIFT_MAX_CHECKS_FILE: seen what the file says; expected a whole number"


def test_a_password_is_not_shown(violations: Violations) -> None:
    secret = "sqlite:///:memory:?password=s3cret"
    (found,) = violations(changed("sqlite:///state/xdrift.db", f"'{secret}'"))
    assert "s3cret" not in found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing but comments"),
        (b"# only this\n", "xdrift init"),
        (b"- a\n", "seen: a list"),
        (b"just text", "seen: text; expected: a mapping with the key monitors; next: write a starter"),
        (b"monitors:\n\t- name: x\n", "YAML allows no tabs"),
        (b"monitors: [\n", "xdrift.yaml:2:1 is not YAML"),
        (b"a: 1\n b: 2\n", "next: put the value in quotes"),
        (b"monitors: [\n", "next: look at line 2 and the one before it"),
        (b"a: 'x\n", "xdrift.yaml"),
        (b"cron: * * * * *\n", "in quotes"),
        (b"a: @x\n", "put the value in quotes"),
        (b"a: 1\n---\nb: 2\n", "another document"),
        (b"a: !python/object:os.system x\n", "tag"),
        (b"a: \xff\n", "save the file as UTF-8"),
        (b"a: \x00\n", "special characters"),
    ],
)
def test_what_is_not_a_configuration_at_all_is_told_apart(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "xdrift.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file.*xdrift init"):
        config.load(tmp_path / "nowhere.yaml", {})


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        config.load(tmp_path, {})


def test_an_alias_to_itself_is_a_mistake_and_no_endless_loop(violations: Violations) -> None:
    assert any("contains itself" in line for line in violations(changed("owner: risk team", "features: &a [*a]")))


def test_anchors_and_merges_may_share_settings_between_monitors(load: Load) -> None:
    second = GOOD[GOOD.index("  - name") :].replace("credit", "fraud")
    second = second.replace("      every: 1d\n      window: 7d\n", "      <<: *daily\n      window: 1d\n")
    found = load(changed("    schedule:", "    schedule: &daily") + second)
    assert found.monitor("fraud").schedule.every == timedelta(days=1)
    assert found.monitor("fraud").schedule.window == timedelta(days=1)
    assert found.monitor("credit").schedule.window == timedelta(days=7)


@pytest.mark.parametrize("value", ["no", "on", "12:30", "2026-01-01", "1_000"])
def test_text_that_older_yaml_would_turn_into_something_else_stays_text(load: Load, value: str) -> None:
    assert load(changed("owner: risk team", f"owner: {value}")).monitor("credit").owner == value


@pytest.mark.parametrize("value", ["1e-4", "0.0001", "1.0E-4"])
def test_numbers_may_be_written_with_an_exponent(load: Load, value: str) -> None:
    found = load(changed("    schedule:", f"    explain: {{tolerance: {value}}}\n    schedule:"))
    assert found.monitor("credit").explain.tolerance == 1e-4


def test_a_byte_order_mark_is_no_mistake(load: Load) -> None:
    assert load("\ufeff" + GOOD).max_checks == 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_line_is_broken_the_answer_is_settings_or_a_config_error(load: Load, data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    lines[index] = data.draw(
        st.sampled_from(["", "  x: [", "- ", "  : ", "\t", lines[index] * 2, "  - name: a", "a: &b *b"])
    )
    with contextlib.suppress(ConfigError):
        load("\n".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    schedule:", "    privacy: {hash: [a], hash_key: s3cret}\n    schedule:", "too short; expected at least 16"
         " characters"),
        ("    schedule:", "    privacy: {hash_key: 55555555555}\n    schedule:", "expected text; put it in quotes"),
        ("    schedule:", "    privacy: s3cret\n    schedule:", "privacy: seen text; expected a mapping"),
        ("max_checks: 3", "grafana: s3cret", "grafana: seen text; expected a mapping"),
        ("max_checks: 3", "channels: ['https://chat/s3cret']", "channels[0]: seen text; expected a mapping"),
        ("max_checks: 3", "channels: [{name: a, url: 5555555555555555}]", "url: seen a number; expected text"),
        ("max_checks: 3", "grafana: {url: 'http://g', token: *s3cret}", "undefined alias"),
        ("max_checks: 3", "grafana: {url: 'http://g', token: !s3cret x}", "constructor for the tag"),
    ],
)  # fmt: skip
def test_no_message_repeats_what_may_be_a_secret(load: Load, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(changed(old, new))
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "5555" not in str(caught.value)
