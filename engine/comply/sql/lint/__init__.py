"""ASSERTIONS -> PROBLEMS: what Oracle 23.26.1 would refuse, what to think over, fixes."""
