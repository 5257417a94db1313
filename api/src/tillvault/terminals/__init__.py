"""People at shared terminals: login by PIN, logout, pause and resume, release. Above cash, because a logout must know
whether the drawer is open."""
