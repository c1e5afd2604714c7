"""The steps of the loop, a plain function each."""
