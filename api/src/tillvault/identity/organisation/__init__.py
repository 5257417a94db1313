"""The organisation itself: how it is called, and what every receipt says of it."""
