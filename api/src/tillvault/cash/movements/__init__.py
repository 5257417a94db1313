"""Cash that goes in and out by hand, and its approval."""
