"""Tickets by the thousand in one request: newline-delimited JSON, streamed in and out."""
