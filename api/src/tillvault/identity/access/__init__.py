"""Who is asking: tokens and API keys to actors, logins to terminal sessions."""
