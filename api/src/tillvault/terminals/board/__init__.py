"""The live board: every register with who works on it and what its drawer should hold."""
