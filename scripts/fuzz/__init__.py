"""Mutated inputs for every loader, for rules and for settings: SEEDS -> INPUTS -> FAULTS."""
