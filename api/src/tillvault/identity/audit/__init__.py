"""The audit trail: who did what, for managers and admins to read."""
