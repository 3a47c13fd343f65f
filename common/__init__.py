"""What both programs are built with and neither owns: the line to the broker, supervised threads, logs.

Imports no project code, like ``contracts``; unlike there, nothing in here goes over the wire.
"""
