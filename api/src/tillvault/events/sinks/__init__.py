"""Where events go: subscribers in the process, Redis Streams, NATS JetStream, webhooks."""
