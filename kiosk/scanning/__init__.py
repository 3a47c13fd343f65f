"""From frames to sightings: the decoder, the process it can be killed in, and what counts as a scan."""
