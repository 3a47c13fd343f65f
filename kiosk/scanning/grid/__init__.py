"""A symbol as the grid of modules that it is: where it lies in a picture, and what its modules say.

Libraries that read codes threshold a picture and then look for a code in what is left. Here a code that
was found, or is only suspected, is fitted with the pattern that every code has, and its modules are
sampled, added up over several frames, and repaired with what is known of how sure each one is.
"""
