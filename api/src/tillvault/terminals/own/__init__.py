"""What a person who has logged in needs to know of themselves and of the place where they stand."""
