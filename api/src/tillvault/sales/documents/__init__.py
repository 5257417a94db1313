"""X and Z as files: to print, to keep, to calculate with."""
