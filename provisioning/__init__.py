"""Sets up what runs: the demo shop on one machine."""
