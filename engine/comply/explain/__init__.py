"""RULES x DOCUMENTS -> STORIES: why a rule found something, or did not, for people."""
