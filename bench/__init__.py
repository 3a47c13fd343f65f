"""Benchmarks that print their figures; nothing here decides whether a test passes."""
