"""Measurements. Every figure is a ratio within one run, or stands beside what it is compared with."""
