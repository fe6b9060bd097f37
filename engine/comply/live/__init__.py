"""ADDRESS x RULES -> FINDINGS: a live database, read and never written."""
