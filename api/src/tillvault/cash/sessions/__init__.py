"""Drawers: opening them and reading them."""
