"""Backup and restore of an installation: the command line's, above all modules."""
