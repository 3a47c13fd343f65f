"""The people who have cards: their names, how to reach them, and whether their account is open."""
