"""People, their roles, branches, PINs and passwords."""
