"""The generated files: rules.yaml, and the table of cases as promtool unit tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alerts.cases import CASES
from alerts.cases.model import Case, minutes
from alerts.model import Alert
from alerts.render import Links, alerts, dump, groups, prometheus, texts

LINKS = Links()


def _renamed(text: str) -> str:
    """The same under another monitor's name."""
    return re.sub(r"\bm(\d)\b", r"n\1", text)


def _elsewhere(text: str) -> str:
    """The same in another cluster."""
    return text.replace('cluster="eu"', 'cluster="us"')


def _behind(values: str) -> str:
    """The same samples, all of them 0: `_` stays a gap, and `stale` the end."""
    return " ".join(
        token if token.startswith(("_", "stale")) else "0" + (f"x{token.rpartition('x')[2]}" if "x" in token else "")
        for token in values.split()
    )


def _replica(series: str, number: int) -> str:
    return series.replace("{", f'{{instance="10.0.0.{number}:9464", pod="xdrift-{number}", ', 1)


def _series(case: Case, steps: int) -> Iterable[dict[str, str]]:
    """The written series as the first replica, and all those that are made up from it."""
    for series, given in case.series.items():
        values = (given if isinstance(given, str) else f"{given:.10g}x{{n}}").replace("{n}", str(steps))
        if 'pod="' in series:
            yield {"series": series, "values": values}
            continue
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


_CLUSTER = re.compile(r'cluster="(\w+)"')


def _shareable(case: Case) -> bool:
    """Whether everything that it has and says is of a named cluster. `told` is about all alerts of a name."""
    said = (*case.series, *(entry[2] for entry in (*case.fires, *case.quiet)), *(entry[1] for entry in case.values))
    return not case.told and all('cluster="eu"' in text or 'cluster="ap"' in text for text in said)


def _shared(cases: Iterable[Case]) -> Iterable[dict[str, Any]]:
    """Many cases as one test, each in clusters of its own: rules then run once for all of them."""
    names, series, expressions = [], [], []
    for number, case in enumerate(cases):
        own = rf'cluster="\1-{number}"'
        test = unit_test(case)
        names.append(f"eu-{number}: {case.name}")
        series += [{**one, "series": _CLUSTER.sub(own, one["series"])} for one in test["input_series"]]
        expressions += [{**one, "expr": _CLUSTER.sub(own, one["expr"])} for one in test["promql_expr_test"]]
    if names:
        resolution = {"interval": test["interval"]}
        yield {"name": "; ".join(names), **resolution, "input_series": series, "promql_expr_test": expressions}


def promtool_file(
    cases: Iterable[Case], rule_file: str, order: Iterable[str], *, share: bool = False
) -> dict[str, Any]:
    """Cases of one resolution as a promtool file; `share`: as few tests as possible."""
    cases = tuple(cases)
    (resolution,) = {case.interval for case in cases}
    alone = [case for case in cases if not (share and _shareable(case))]
    together = [case for case in cases if share and _shareable(case)]
    return {
        "rule_files": [rule_file],
        "evaluation_interval": resolution,
        "group_eval_order": list(order),
        "tests": [*(unit_test(case) for case in alone), *_shared(together)],
    }


def files() -> dict[str, str]:
    """Path below alerts/ to content, of every generated file."""
    order = [group.name for group in groups(LINKS)]
    found = {"rules.yaml": dump(prometheus(LINKS))}
    cases = [case for topic in CASES.values() for case in topic]
    for resolution in dict.fromkeys(case.interval for case in cases):
        chosen = [case for case in cases if case.interval == resolution]
        found[f"tests/every-{resolution}.yaml"] = dump(promtool_file(chosen, "../rules.yaml", order, share=True))
    return found
