"""What rules ask of a snapshot: pure functions over its objects."""
