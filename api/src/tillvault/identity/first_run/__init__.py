"""The first run in the browser: a shop is founded by whoever can read the server's log."""
