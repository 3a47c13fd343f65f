"""The device itself: its files, identity, clock and settings."""
