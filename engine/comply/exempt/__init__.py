"""FINDINGS x EXCEPTIONS -> FINDINGS: what someone allowed, and why, and until when."""
