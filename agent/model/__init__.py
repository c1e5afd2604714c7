"""The models that think, behind one port."""
