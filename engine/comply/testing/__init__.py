"""POLICIES AND THEIR TESTS -> RESULTS: what `comply test` runs and reports."""
