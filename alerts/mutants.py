"""Every small mistake that could be made in the rules: a deterministic list of altered documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SPACE = {"m": 1, "h": 60, "d": 1440}
"""Unit of a duration in minutes."""
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
    (r"\bmin_over_time\(", "max_over_time("),
    (r"\blast_over_time\(", "min_over_time("),
    (r"\bavg_over_time\(", "max_over_time("),
    (r"\bsum_over_time\(", "max_over_time("),
    (r"\bpredict_linear\(([^\[]*\[7d\]), [^)]*\)", r"last_over_time(\1)"),
    (r"\bderiv\(", "last_over_time("),
    (r"\bstddev_over_time\(", "stdvar_over_time("),
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
    where: str
    """The rule, told apart from others of its name."""
    group: int
    index: int
    what: str
    field: str
    value: Any
    """None: the field is taken away."""

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with this one rule altered; all others are the same objects."""
        groups = list(document["groups"])
        rules = list(groups[self.group]["rules"])
        rule = dict(rules[self.index])
        if self.value is None:
            del rule[self.field]
        else:
            rule[self.field] = self.value
        rules[self.index] = rule
        groups[self.group] = {**groups[self.group], "rules": rules}
        return {"groups": groups}


def _scaled(number: str, unit: str, factor: float) -> str:
    return f"{round(int(number) * SPACE[unit] * factor * 60)}s"


Swap = tuple[tuple[int, int], str]
"""A stretch of the expression and what replaces it."""


def _numbers(expr: str) -> Iterator[Swap]:
    for found in _NUMBER.finditer(expr):
        before = float(found[1])
        for after in (before * 0.5, before * 2.0) if before else (0.5,):
            yield found.span(1), f"{after:g}"


def _durations(expr: str) -> Iterator[Swap]:
    for found in _DURATION.finditer(expr):
        number, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
        for factor in (0.5, 2.0):
            yield found.span(), _scaled(number, unit, factor)


def _matchers(expr: str) -> Iterator[Swap]:
    """Label matchers turned round, and each of several values taken away."""
    for found in re.finditer(r'(\w+)(=~|!=|=)"([^"]*)"', expr):
        yield found.span(2), {"=": "!=", "!=": "=", "=~": "!~"}[found[2]]
        values = found[3].split("|")
        if len(values) > 1:
            for value in values:
                yield found.span(3), "|".join(other for other in values if other != value)


def _words(expr: str) -> Iterator[Swap]:
    for pattern, by in WORDS:
        for found in re.finditer(pattern, expr):
            yield found.span(), found.expand(by)


def _told(expr: str, span: tuple[int, int], by: str) -> str:
    """`line 3: 'max' (2 of 4) becomes 'min'`: by what a person sees, not by columns that any edit moves."""
    word = expr[span[0] : span[1]]
    start = expr.rfind("\n", 0, span[0]) + 1
    line = expr[start:].partition("\n")[0]
    alike = [found.start() + start for found in re.finditer(r"(?<!\w)" * word[0].isalnum() + re.escape(word), line)]
    which = f" ({alike.index(span[0]) + 1} of {len(alike)})" if len(alike) > 1 else ""
    return f"line {expr.count(chr(10), 0, start) + 1}: {word.strip()!r}{which} becomes {by.strip()!r}"


def _expressions(expr: str) -> Iterator[tuple[str, str]]:
    seen = {expr}
    for span, by in (*_numbers(expr), *_durations(expr), *_matchers(expr), *_words(expr)):
        altered = expr[: span[0]] + by + expr[span[1] :]
        if altered not in seen:
            seen.add(altered)
            yield _told(expr, span, by), altered


def _where(rule: dict[str, Any]) -> str:
    if "alert" in rule:
        return str(rule["alert"])
    slo = rule.get("labels", {}).get("slo")
    return str(rule["record"]) + (f'{{slo="{slo}"}}' if slo else "")


def mutants(document: dict[str, Any]) -> Iterator[Mutant]:
    """All of them, in the order of the rules."""
    for group, content in enumerate(document["groups"]):
        for index, rule in enumerate(content["rules"]):
            name = rule.get("record") or rule["alert"]
            where = _where(rule)
            for what, altered in _expressions(rule["expr"]):
                yield Mutant(name, where, group, index, what, "expr", altered)
            for field in ("for", "keep_firing_for"):
                if field in rule:
                    number, unit = re.fullmatch(r"(\d+)([mhd])", rule[field]).groups()  # type: ignore[union-attr]
                    for value in (None, _scaled(number, unit, 0.5), _scaled(number, unit, 2)):
                        what = f"{field} {rule[field]} becomes {value}"
                        yield Mutant(name, where, group, index, what, field, value)
            for label, value in rule.get("labels", {}).items():
                changed = {**rule["labels"], label: f"{value}x"}
                yield Mutant(name, where, group, index, f"label {label} becomes {value}x", "labels", changed)
