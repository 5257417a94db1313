"""The log of every attempt to bring data out (infrastructure.md, `sync_logs`)."""
