"""What managers ask of all machines together: how many there are for how many officials, how old, how well kept.

`facts` reads one machine's content, `systems` knows until when an operating system has support, `coverage` counts: pure, all
three. `keeper` keeps the facts of each machine in the state store, made anew when it was heard again.
"""
