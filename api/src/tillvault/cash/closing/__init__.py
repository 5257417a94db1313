"""Closing a drawer: count, force-close, review."""
