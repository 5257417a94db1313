"""Figures over many drawers: takings and differences, summed from immutable rows."""
