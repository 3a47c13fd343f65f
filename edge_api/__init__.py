"""The edge service: customers, cards and points, the back office, and what kiosks pull and report."""
