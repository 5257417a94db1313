"""The ticket vault: every ticket canonical, chained, signed and provable."""
