"""What must not be kept: columns that are redacted, hashed or masked, and personal data found in text.

Standard library only, and imported by serving applications through `monitor.log`: nothing heavy comes along.
"""

from __future__ import annotations

from monitor.privacy.keeper import REDACTED, Keeper
from monitor.privacy.names import holds_name, names_told
from monitor.privacy.quotes import WITHHELD, careful, withhold, withholding, without_values
from monitor.privacy.scan import KINDS, TEXT_LIMIT, scan, worth_scanning

__all__ = [
    "KINDS",
    "REDACTED",
    "TEXT_LIMIT",
    "WITHHELD",
    "Keeper",
    "careful",
    "holds_name",
    "names_told",
    "scan",
    "withhold",
    "withholding",
    "without_values",
    "worth_scanning",
]
