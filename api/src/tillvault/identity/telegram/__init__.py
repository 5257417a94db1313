"""Telegram accounts of people: linked by a one-time code from the desk, used by the bot on their behalf."""
