"""RULE FILES -> CHECKS: finds rule files, reads their metadata, compiles them."""
