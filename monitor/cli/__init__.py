"""The command line: parse, call, exit code. No logic lives here, and nothing heavy is imported before a command runs.

Exit codes: 0 fine, 1 drift found or gate failed, 2 usage or configuration, 3 could not look.
"""

from monitor.cli.app import app, main

__all__ = ["app", "main"]
