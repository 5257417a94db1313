"""Tillvault: cash control for shops, and a vault in which every ticket can be proven."""

__version__ = "0.1.0"
