"""What may be done: the table, the rights, and what people decided."""
