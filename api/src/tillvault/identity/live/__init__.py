"""Live updates for people: what happens in their branches, as it happens."""
