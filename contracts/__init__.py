"""What the kiosk and the edge service agree on: card codes, sealed rows, events, topics, enrolment.

Both programs import this package and neither imports the other. The JSON files in ``examples/`` are
the agreement in writing: the tests of both sides read them.
"""
