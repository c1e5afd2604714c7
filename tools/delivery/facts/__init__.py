"""What the objects of a delivery say."""
