"""The relay: brings what the outbox holds to subscribers, streams and webhooks, at least once and in order per key."""
