"""Counters read at scrape time."""
