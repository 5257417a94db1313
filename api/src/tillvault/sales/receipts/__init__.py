"""Receipts: what a customer takes home, on paper and behind the QR code on it."""
