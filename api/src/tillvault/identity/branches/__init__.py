"""Branches and their policies."""
