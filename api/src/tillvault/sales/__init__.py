"""Sales: catalogue, carts, sales, refunds, receipts (domain.md, "Money, sales, refunds")."""
