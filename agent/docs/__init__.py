"""What docs/ has of the code: schemas and tables, written by `make docs`."""
