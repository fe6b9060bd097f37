"""ORDERED FLAT RULES -> TYPES: what values rules have, and what that rules out."""
