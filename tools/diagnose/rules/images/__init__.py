"""Images that do not come."""
