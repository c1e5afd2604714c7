"""What a diagnosis reads, and how it keeps it."""
