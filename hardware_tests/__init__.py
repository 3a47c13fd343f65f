"""Tests on real cameras, run by explicit path on the machine that has them; see README.md."""
