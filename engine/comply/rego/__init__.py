"""REGO -> PLAN: the compiler for Rego v0 and v1."""
