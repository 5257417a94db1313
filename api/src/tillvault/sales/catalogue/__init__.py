"""Categories, products and what they cost in each branch."""
