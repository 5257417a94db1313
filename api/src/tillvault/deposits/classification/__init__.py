"""What somebody says they bring in, to the EEE category it belongs to."""
