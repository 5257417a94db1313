"""Reading the ledger: checkpoints, tiles, entries, consistency, export, and the list of tickets."""
