"""People in the loop: who may decide, how a row is decided, and the channels it is shown in."""
