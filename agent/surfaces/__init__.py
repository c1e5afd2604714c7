"""What people and programs see: the console, documents, streams."""
