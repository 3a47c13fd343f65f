"""The process with the network and without devices: sends the outbox, keeps the replica up to date."""
