"""PLAN -> PYTHON: the small language all rule languages compile to."""
