"""The web app in a browser."""
