"""Cards and the batches they are made in: whose they are, and whether they still hold."""
