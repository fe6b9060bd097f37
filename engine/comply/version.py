"""The version of comply, as pyproject.toml has it.

A constant, since reading the installed metadata takes longer than all of `--version`.
"""

VERSION = "0.1.0"
