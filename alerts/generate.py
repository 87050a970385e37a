"""The generated files: rules.yaml, and the table of cases as promtool unit tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alerts.cases import CASES
from alerts.cases.model import Case
from alerts.model import Alert
from alerts.render import Links, alerts, dump, groups, prometheus, texts

LINKS = Links()


def minutes(text: str) -> int:
    """`1d2h30m` in minutes."""
    unit = {"d": 1440, "h": 60, "m": 1}
    return sum(int(number) * unit[letter] for number, letter in re.findall(r"(\d+)([dhm])", text))


def _renamed(text: str) -> str:
    """The same under another monitor's name."""
    return re.sub(r"\bm(\d)\b", r"n\1", text)


def _elsewhere(text: str) -> str:
    """The same in another cluster."""
    return text.replace('cluster="eu"', 'cluster="us"')


def _behind(values: str) -> str:
    """The same samples, all of them 0: `_` stays a gap."""
    return " ".join(
        token if token.startswith("_") else "0" + (f"x{token.rpartition('x')[2]}" if "x" in token else "")
        for token in values.split()
    )


def _replica(series: str, number: int) -> str:
    return series.replace("{", f'{{instance="10.0.0.{number}:9464", pod="xdrift-{number}", ', 1)


def _series(case: Case, steps: int) -> Iterable[dict[str, str]]:
    """The written series as the first replica, and all those that are made up from it."""
    for series, given in case.series.items():
        values = (given if isinstance(given, str) else f"{given:.10g}x{{n}}").replace("{n}", str(steps))
        yield {"series": _replica(series, 0), "values": values}
        yield {"series": _replica(series, 1), "values": values}
        if case.behind:
            yield {"series": _replica(series, 2), "values": _behind(values)}
        yield {"series": _replica(_elsewhere(series), 3), "values": values}
        if case.twins and _renamed(series) != series:
            yield {"series": _replica(_renamed(series), 0), "values": values}


def _told(case: Case, rules: Mapping[str, Alert]) -> Iterable[dict[str, Any]]:
    for at, name, labels, description in case.told:
        copies = [(labels, description), ({**labels, "cluster": "us"}, description)]
        if case.twins and "monitor" in labels:
            copies.append(({key: _renamed(value) for key, value in labels.items()}, _renamed(description)))
        expected = [_expected(rules[name], found, text) for found, text in copies]
        yield {"eval_time": at, "alertname": name, "exp_alerts": expected}


def _expected(alert: Alert, labels: Mapping[str, str], description: str) -> dict[str, Any]:
    own: dict[str, str] = {"severity": alert.severity, "alert_class": alert.alert_class}
    if alert.sloth_severity:
        own["sloth_severity"] = alert.sloth_severity
    filled = {
        key: text.replace("{{ $labels.monitor }}", labels.get("monitor", ""))
        for key, text in texts(alert, LINKS).items()
    }
    return {"exp_labels": {**labels, **own}, "exp_annotations": {**filled, "description": description}}


def _firing(alert: str, matchers: str) -> str:
    inside = ", ".join(filter(None, [f'alertname="{alert}"', 'alertstate="firing"', matchers]))
    return f"count(ALERTS{{{inside}}})"


def _expressions(case: Case) -> Iterable[dict[str, Any]]:
    for at, alert, matchers in case.fires:
        yield {"expr": _firing(alert, matchers), "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]}
    for at, alert, matchers in case.quiet:
        yield {"expr": _firing(alert, matchers), "eval_time": at, "exp_samples": []}
    for at, expr, value in case.values:
        samples = [] if value is None else [{"labels": "{}", "value": value}]
        yield {"expr": expr, "eval_time": at, "exp_samples": samples}


def unit_test(case: Case) -> dict[str, Any]:
    """One promtool test."""
    rules = {alert.name: alert for alert in alerts(LINKS)}
    end = max(minutes(at) for at in case.moments())
    steps = end // minutes(case.interval) + 2
    return {
        "name": case.name,
        "interval": case.interval,
        "input_series": list(_series(case, steps)),
        "alert_rule_test": list(_told(case, rules)),
        "promql_expr_test": list(_expressions(case)),
    }


def test_file(cases: Iterable[Case], rule_file: str, order: Iterable[str]) -> dict[str, Any]:
    """Cases of one resolution as a promtool file."""
    cases = tuple(cases)
    (resolution,) = {case.interval for case in cases}
    return {
        "rule_files": [rule_file],
        "evaluation_interval": resolution,
        "group_eval_order": list(order),
        "tests": [unit_test(case) for case in cases],
    }


def files() -> dict[str, str]:
    """Path below alerts/ to content, of every generated file."""
    order = [group.name for group in groups(LINKS)]
    found = {"rules.yaml": dump(prometheus(LINKS))}
    for topic, cases in CASES.items():
        for resolution in dict.fromkeys(case.interval for case in cases):
            chosen = [case for case in cases if case.interval == resolution]
            found[f"tests/{topic}-{resolution}.yaml"] = dump(test_file(chosen, "../rules.yaml", order))
    return found
