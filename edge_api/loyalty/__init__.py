"""What customers earn: points in a ledger that is never changed, and one-time rewards."""
