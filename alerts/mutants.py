"""Every small mistake that could be made in the rules: a deterministic list of altered documents."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SPACE = {"m": 1, "h": 60, "d": 1440}
_NUMBER = re.compile(r'(?<![\w.:"$])(\d+(?:\.\d+)?)(?![\w.:"])')
_DURATION = re.compile(r"(?<=[\[: ])(\d+)([mhd])(?=[\]:])|(?<=offset )(\d+)([mhd])\b")
WORDS: tuple[tuple[str, str], ...] = (
    (r"(?<![<>=!])>=(?!=)", "<"),
    (r"(?<![<>=!])>=(?!=)", ">"),
    (r"(?<![<>=!])<=(?!=)", ">"),
    (r"(?<![<>=!])<=(?!=)", "<"),
    (r" >(?=[ ])", " <"),
    (r" <(?=[ ])", " >"),
    (r" == ", " != "),
    (r"\band\b", "or"),
    (r"\band\b", "unless"),
    (r"\bunless\b", "and"),
    (r"\bunless\b", "or"),
    (r"(?m)^or$", "and"),
    (r"(?m)^( *)or$", r"\1unless"),
    (r"\bmax\b(?= without| by)", "sum"),
    (r"\bmax\b(?= without| by)", "min"),
    (r"\bmin\b(?= by)", "max"),
    (r"\bsum\b(?= without| by)", "max"),
    (r"\bcount\b(?= by)", "sum"),
    (r"\btopk\b", "bottomk"),
    (r"\bincrease\(", "rate("),
    (r"\bincrease\(", "delta("),
    (r"\blast_over_time\(", "min_over_time("),
    (r"\bavg_over_time\(", "max_over_time("),
    (r"\bsum_over_time\(", "max_over_time("),
    (r"\bpredict_linear\(([^\[]*\[7d\]), [^)]*\)", r"last_over_time(\1)"),
    (r"\bderiv\(", "last_over_time("),
    (r"(?<=\))\s*/ ", " * "),
    (r" - (?=max|slo|avg)", " + "),
    (r"cluster, namespace, job, ", ""),
    (r"cluster, namespace, job\b(?!,)", "job"),
    (r", monitor\b(?=[,)])", ""),
    (r"\(monitor\b", "(model"),
    (r", slo\)", ")"),
    (r"\(instance, pod\)", "(instance)"),
    (r"\(instance, pod\)", "(pod)"),
    (r", model_version(?=[,)])", ""),
    (r" without \(reason\)", " without (instance)"),
)
"""Pattern and what it becomes: comparisons, set operators, aggregations, functions, labels."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One alteration of one rule."""

    rule: str
    group: int
    index: int
    what: str
    field: str
    value: Any
    """None: the field is taken away."""

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        altered = copy.deepcopy(document)
        rule = altered["groups"][self.group]["rules"][self.index]
        if self.value is None:
            del rule[self.field]
        else:
            rule[self.field] = self.value
        return altered


def _scaled(number: str, unit: str, factor: float) -> str:
    return f"{round(int(number) * _SPACE[unit] * factor * 60)}s"


def _numbers(expr: str) -> Iterator[tuple[str, str]]:
    for found in _NUMBER.finditer(expr):
        for factor in (0.5, 2.0):
            before = float(found[1])
            after = before * factor if before else factor
            yield _swap(expr, found.span(1), f"{after:g}")
            if not before:
                break


def _durations(expr: str) -> Iterator[tuple[str, str]]:
    for found in _DURATION.finditer(expr):
        number, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
        for factor in (0.5, 2.0):
            yield _swap(expr, found.span(), _scaled(number, unit, factor))


def _matchers(expr: str) -> Iterator[tuple[str, str]]:
    """Label matchers turned round, and each of several values taken away."""
    for found in re.finditer(r'(\w+)(=~|!=|=)"([^"]*)"', expr):
        turned = {"=": "!=", "!=": "=", "=~": "!~"}[found[2]]
        yield _swap(expr, found.span(2), turned)
        values = found[3].split("|")
        if len(values) > 1:
            for value in values:
                rest = "|".join(other for other in values if other != value)
                yield _swap(expr, found.span(3), rest)


def _swap(expr: str, span: tuple[int, int], by: str) -> tuple[str, str]:
    line = expr.count("\n", 0, span[0]) + 1
    return f"line {line}: {expr[span[0] : span[1]].strip()!r} becomes {by.strip()!r}", expr[: span[0]] + by + expr[
        span[1] :
    ]


def _words(expr: str) -> Iterator[tuple[str, str]]:
    for pattern, by in WORDS:
        for found in re.finditer(pattern, expr):
            yield _swap(expr, found.span(), found.expand(by))


def _expressions(expr: str) -> Iterator[tuple[str, str]]:
    seen = {expr}
    for what, altered in (*_numbers(expr), *_durations(expr), *_matchers(expr), *_words(expr)):
        if altered not in seen:
            seen.add(altered)
            yield what, altered


def mutants(document: dict[str, Any]) -> Iterator[Mutant]:
    """All of them, in the order of the rules."""
    for group, content in enumerate(document["groups"]):
        for index, rule in enumerate(content["rules"]):
            name = rule.get("record") or rule["alert"]
            for what, altered in _expressions(rule["expr"]):
                yield Mutant(name, group, index, what, "expr", altered)
            for field in ("for", "keep_firing_for"):
                if field in rule:
                    number, unit = re.fullmatch(r"(\d+)([mhd])", rule[field]).groups()  # type: ignore[union-attr]
                    for value in (None, _scaled(number, unit, 0.5), _scaled(number, unit, 2)):
                        yield Mutant(name, group, index, f"{field} {rule[field]} becomes {value}", field, value)
            for label, value in rule.get("labels", {}).items():
                changed = {**rule["labels"], label: f"{value}x"}
                yield Mutant(name, group, index, f"label {label} becomes {value}x", "labels", changed)
