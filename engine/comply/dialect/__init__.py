"""TEXT -> SQL TREE: Oracle's SQL, read once for loaders, assertions and sandbox."""
