"""What happened, told twice: to other systems through the transactional outbox, to people through the audit trail."""
