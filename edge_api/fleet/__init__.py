"""The kiosks: who they are, how they get their identity, and what they last said of themselves."""
