"""Webhooks: endpoints, their secrets, where they may lead, and how one is delivered (Standard Webhooks 1.0)."""
