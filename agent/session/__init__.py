"""One session: the loop, its nodes, and its end."""
