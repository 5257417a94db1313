"""Re-use shops: what people bring in, what it is, and the reports to eco-organisms (domain.md, "Re-use shops")."""
