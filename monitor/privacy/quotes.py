"""Texts of libraries, which quote the values they stumble over: could not convert string to float: 'Jane'."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from monitor.errors import ConfigError, XdriftError
from monitor.privacy.keeper import Keeper

if TYPE_CHECKING:
    from monitor.settings import MonitorSettings

WITHHELD = "(withheld)"
_QUOTED = re.compile(
    r"(?<!\w)[bru]?'(?:[^'\\\n]|\\.)*'"  # the look-behind leaves apostrophes of words alone
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|\[\s*[-+]?(?:[0-9.]|nan|inf|np\.)[^\]\n]*\]?"  # lists of numbers
)
_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?"
_UNQUOTED = re.compile(
    r"(?m)(?<=parse: )[^,\n]+"  # pandas, of times
    r"|(?<=category )\([^)\n]*\)|(?<==)\([^)\n]*\)"  # pandas; PostgreSQL
    rf"|(?:(?<=alue )|(?<=nteger )|(?<=loat )|(?<=imestamp )|(?<!idx=)(?<==)){_NUMBER}(?![\w.])"  # NumPy, Arrow
    r"|(?<![\w.,:/-])[-+]?[0-9]{5,}(?:\.[0-9]+)?(?![\w,:/-]|\.[0-9]| (?:rows|predictions|records|bytes)\b)"
    r"|^ *[0-9]+ {2,}\S.*$"  # rows of a printed frame
)
"""What libraries tell without quotation marks, and numbers too long for a count."""

_PRIVATE_USE = 0xE000
"""Characters that stand for nothing."""


def without_values(text: str, *, known: Collection[str] = ()) -> str:
    """The text with everything quoted left out, but for names that are no values, such as those of columns, and with
    what the usual libraries tell without quoting it."""
    text = _QUOTED.sub(lambda found: found[0] if found[0].strip("bru'\"") in known else WITHHELD, text)
    return _UNQUOTED.sub(WITHHELD, text)


def careful(*monitors: MonitorSettings) -> Callable[[str], str]:
    """What is done to texts that may be a library's before they are stored, shown or logged.

    Where columns are kept back, what is quoted in them is left out, but for names and paths of the configuration.
    """
    if not any(Keeper.of(monitor).columns for monitor in monitors):
        return lambda text: text
    known: set[str] = set()
    paths: set[str] = set()
    for monitor in monitors:
        if monitor.telemetry is not None and monitor.telemetry.path is not None:
            paths.add(monitor.telemetry.path)
        rename = monitor.predictions.columns.rename
        known |= {monitor.name, monitor.model_label, *(monitor.features or ()), *rename, *rename.values()}
    # Such as app[1].jsonl, of which the end would be taken for a list of numbers.
    marked = {
        path: chr(_PRIVATE_USE + number) for number, path in enumerate(sorted(paths)) if without_values(path) != path
    }
    if not marked:
        return lambda text: without_values(text, known=known)

    def told(text: str) -> str:
        for path, mark in marked.items():
            text = text.replace(path, mark)
        text = without_values(text, known=known)
        for path, mark in marked.items():
            text = text.replace(mark, path)
        return text

    return told


def withhold(error: XdriftError, told: Callable[[str], str]) -> None:
    """Rewrite the error's texts by `told`, which is `careful` of its monitor."""
    error.thing, error.seen = told(error.thing), None if error.seen is None else told(str(error.seen))
    error.args = (error.thing, error.seen, error.expected, error.hint)


@contextmanager
def withholding(*monitors: MonitorSettings) -> Iterator[None]:
    """Errors from within tell no values of columns that are kept back, nor does what they were made from.

    Any other exception becomes an XdriftError then, because nobody knows where else its message would be printed.
    """
    if not any(Keeper.of(monitor).columns for monitor in monitors):
        yield
        return
    told = careful(*monitors)
    try:
        yield
    except ConfigError:  # quotes the configuration and the command line, both of which are the reader's own
        raise
    except XdriftError as error:
        withhold(error, told)
        raise error from None
    except Exception as error:  # noqa: BLE001 - raised again, without the values in its message
        raise XdriftError(
            "xdrift stopped on an error it did not expect",
            seen=told(f"{type(error).__name__}: {error}"),
            hint="values are left out because columns are kept back; report this line",
        ) from None
