"""PLAN x FACTS -> FINDINGS: runs checks over documents."""
