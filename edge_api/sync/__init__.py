"""Keeps every kiosk's local store up to date: seals what changed, numbers it, sends it, lets it be pulled."""
