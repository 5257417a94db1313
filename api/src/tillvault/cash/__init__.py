"""The drawer: sessions that are opened, counted and closed, movements, X and Z."""
