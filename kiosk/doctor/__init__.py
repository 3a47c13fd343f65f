"""``kiosk doctor``: looks at every part that a kiosk depends on, and says what to do about what is wrong.

It only looks. It works as well on a kiosk that is not enrolled, whose programs run or don't, or whose files
the person asking may not read.
"""
