"""Which alerts fire on given samples: promtool evaluates the shipped rules, and what it prints is read back."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import yaml

RULES = Path(__file__).parents[2] / "alerts" / "rules.yaml"
Firing = dict[str, list[tuple[float, float]]]
"""Alert, with `slo` or `view` where it has one, to its (first, last) hours."""

_CASE = re.compile(
    r'expr: "ALERTS\{.*?time: (?P<time>\S+),\s*exp:\s*nil\s*got:(?P<got>.*?)(?=\n\s*expr:|\Z)', re.DOTALL
)
_NAME = re.compile(r'alertname="(\w+)"')
_MORE = re.compile(r'\b(?:slo|view)="(\w+)"')


def firing(scrapes: Sequence[Mapping[str, float] | None], step: timedelta, *, origin: float) -> Firing:
    """Every alert that fires at any step.

    Args:
        scrapes: series to value at every step; None where nothing was scraped.
        step: between two of them; rules are evaluated as often.
        origin: Unix time of the first. promtool begins at 0, so times among the values are moved by it.
    """
    minutes = int(step / timedelta(minutes=1))
    document = {
        "rule_files": [str(RULES)],
        "evaluation_interval": f"{minutes}m",
        "group_eval_order": [group["name"] for group in yaml.safe_load(RULES.read_text())["groups"]],
        "tests": [
            {
                "interval": f"{minutes}m",
                "input_series": list(_series(scrapes, origin)),
                "promql_expr_test": [
                    {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{at * minutes}m", "exp_samples": []}
                    for at in range(len(scrapes))
                ],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.yaml"
        path.write_text(yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=10_000))
        ran = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"promtool ended with {ran.returncode}: {ran.stderr[-2000:]}")
    return _spans(ran.stdout + ran.stderr, minutes / 60)


def _series(scrapes: Sequence[Mapping[str, float] | None], origin: float) -> Iterable[dict[str, str]]:
    names = dict.fromkeys(name for scrape in scrapes if scrape is not None for name in scrape)
    for name in names:
        moved = origin if "_timestamp_seconds" in name else 0.0
        tokens: list[str] = []
        before: str | None = None
        for scrape in scrapes:
            value = None if scrape is None else scrape.get(name)
            if name.startswith("up{"):
                value = 0.0 if scrape is None else 1.0
            # A scrape that lacks a series, or fails, marks it stale at once.
            token = ("_" if before in (None, "_", "stale") else "stale") if value is None else repr(value - moved)
            tokens.append(token)
            before = token
        place = 'instance="a:9464",job="xdrift"'
        labelled = name.replace("{", f"{{{place},", 1).replace(",}", "}")
        yield {"series": labelled, "values": " ".join(_packed(tokens))}


def _packed(tokens: Sequence[str]) -> Iterable[str]:
    """Runs of one value in promtool's short form."""
    start = 0
    while start < len(tokens):
        end = start
        while end + 1 < len(tokens) and tokens[end + 1] == tokens[start]:
            end += 1
        more = end - start
        if tokens[start] == "stale" or not more:
            yield from [tokens[start]] * (more + 1)
        else:
            yield f"_x{more + 1}" if tokens[start] == "_" else f"{tokens[start]}x{more}"
        start = end + 1


def _spans(told: str, step: float) -> Firing:
    """What promtool got, as spans of hours."""
    at: dict[str, list[float]] = {}
    for case in _CASE.finditer(told):
        hour = _hours(case["time"])
        for sample in re.findall(r"\{[^}]*\}", case["got"]):
            name = _NAME.search(sample)
            if name is not None:
                more = _MORE.search(sample)
                at.setdefault(name[1] + (f" {more[1]}" if more else ""), []).append(hour)
    return {name: _joined(sorted(set(hours)), step) for name, hours in sorted(at.items())}


def _joined(hours: Sequence[float], step: float) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    for hour in hours:
        if spans and hour - spans[-1][1] < 1.5 * step:
            spans[-1] = (spans[-1][0], hour)
        else:
            spans.append((hour, hour))
    return spans


def _hours(text: str) -> float:
    unit = {"w": 168.0, "d": 24.0, "h": 1.0, "m": 1 / 60, "s": 1 / 3600}
    return sum(float(number) * unit[letter] for number, letter in re.findall(r"(\d+)([wdhms])", text))
