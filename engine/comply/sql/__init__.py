"""ASSERTION -> SQL: read, denied, checked and enforced."""
