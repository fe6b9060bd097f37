"""SPACELIFT POLICY x INPUT -> DECISION: the contract of each type of policy."""
