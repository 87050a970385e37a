"""Where files and databases are: relative to the configuration file; and what of a URL may be shown."""

from __future__ import annotations

import re
from pathlib import Path

_SQLITE = re.compile(r"(?P<scheme>sqlite(?:\+\w+)?):///(?P<file>[^?]*)(?P<options>\?.*)?", re.DOTALL)
_PASSWORD = re.compile(r"(?P<before>://[^/?#@:]*:)[^/?#]*(?=@)")
_SECRET_OPTION = re.compile(r"(?P<before>[?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


def absolute_path(text: str, folder: Path) -> str:
    """A relative path or glob is one from `folder`. A remote location (s3://...) stays."""
    return text if "://" in text else str(folder / Path(text).expanduser())


def absolute_url(text: str, folder: Path) -> str:
    """A relative SQLite file is one from `folder`; every other URL stays."""
    match = _SQLITE.fullmatch(text)
    if not match or not match["file"] or match["file"].startswith((":memory:", "file:")):
        return text
    return f"{match['scheme']}:///{absolute_path(match['file'], folder)}{match['options'] or ''}"


def in_memory(url: str) -> bool:
    """True for a SQLite database that ends with the process that opened it."""
    return re.fullmatch(r"sqlite(\+\w+)?:(//)?(/(:memory:)?)?(\?.*)?", url) is not None or "mode=memory" in url


def without_secrets(url: str) -> str:
    """The URL with its password, and options named like one, replaced by ***."""
    return _SECRET_OPTION.sub(r"\g<before>***", _PASSWORD.sub(r"\g<before>***", url))
