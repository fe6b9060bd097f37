"""ASSERTION -> SCRIPTS that make a database enforce it, and scripts that take them back."""
