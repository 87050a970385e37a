"""What serving systems write, in the closed words that counters carry."""

from __future__ import annotations

import re
from typing import Any

from monitor import names

ERRORS = {
    "TimeoutError": "timeout",
    "DeadlineExceeded": "timeout",
    "DEADLINE_EXCEEDED": "timeout",
    "MemoryError": "memory",
    "ArrayMemoryError": "memory",
    "_ArrayMemoryError": "memory",
    "OutOfMemoryError": "memory",
    "XGBoostError": "model",
    "LightGBMError": "model",
    "CatBoostError": "model",
    "CatboostError": "model",
    "NotFittedError": "model",
    "UnpicklingError": "model",
    "ModelError": "model",
    "FileNotFoundError": "model",
    "ModuleNotFoundError": "model",
    "ImportError": "model",
    "ValueError": "input",
    "KeyError": "input",
    "TypeError": "input",
    "IndexError": "input",
    "AttributeError": "input",
    "UnicodeDecodeError": "input",
    "UnicodeEncodeError": "input",
    "ValidationError": "input",
    "DataError": "input",
    "InvalidArgument": "input",
    "ExplainerError": "explainer",
    "ExplainError": "explainer",
    "DimensionError": "explainer",
    "InvalidFeaturePerturbationError": "explainer",
    "InvalidModelError": "explainer",
    "InvalidMaskerError": "explainer",
    "AssertionError": "explainer",
    "ArithmeticError": "explainer",
    "FloatingPointError": "explainer",
    "OverflowError": "explainer",
    "ZeroDivisionError": "explainer",
    "LinAlgError": "explainer",
    "NotImplementedError": "explainer",
    "RecursionError": "explainer",
}
"""Class of an error, without its module, to one of names.ERROR_REASONS; a class not listed here is `other`, but every
class whose name holds `timeout` is a timeout."""

UNNAMED = "unnamed"
"""Class of an error that was logged as a sentence or an object: a sentence may quote inputs."""
TEXT_KEPT = 100
"""Characters kept of versions and group values."""
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LIKE_A_CLASS = re.compile(
    r"(?i).*(error|exception|timeout|warning|exceeded|failure|fault|interrupt|exhausted|unavailable)"
)
_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def error_class(error: Any) -> str:
    """The class alone: no module before it, no message behind a colon. Empty for no error."""
    if not error:
        return ""
    if not isinstance(error, str):
        return UNNAMED
    name = error.partition(":")[0].strip().rpartition(".")[2]
    return name if _CLASS.fullmatch(name) else UNNAMED


def stored_class(name: str) -> str:
    """The class as it may be kept: one that is known, or is called like one. Any other word may be somebody's name."""
    return name if not name or name in ERRORS or _LIKE_A_CLASS.fullmatch(name) else UNNAMED


def error_reason(name: str) -> str:
    """One of names.ERROR_REASONS for the class of an error."""
    return "timeout" if "timeout" in name.lower() else ERRORS.get(name, "other")


def unexplained_reason(word: Any) -> str | None:
    """One of names.UNEXPLAINED_REASONS for what was logged; None when nothing was."""
    if word is None or word == "":
        return None
    plain = word.strip().lower() if isinstance(word, str) else ""
    return plain if plain in names.UNEXPLAINED_REASONS else "other"


def source(word: Any, cached: bool) -> str:
    """One of names.EXPLANATION_SOURCES for what was logged."""
    if word is None or word == "":
        return "cache" if cached else "other"
    return word if word in names.EXPLANATION_SOURCES else "other"


def stored_text(value: Any) -> str:
    """A version or a group value as text that every database takes: short, no control characters, no half pairs."""
    if isinstance(value, str):
        text = value
    elif value is None or isinstance(value, list | dict):
        return ""
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = str(value)
    if len(text) > TEXT_KEPT:
        text = text[:TEXT_KEPT]
    return text if text.isascii() and text.isprintable() else _UNSTORABLE.sub("?", text)
