"""Who may do what, where: organisations, branches, registers, users, PINs, tokens, API keys, permissions."""
