"""Prints the JSON schema of the configuration file."""

from __future__ import annotations

import json
import sys

from monitor.config import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
