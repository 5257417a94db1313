"""Registers of a branch."""
