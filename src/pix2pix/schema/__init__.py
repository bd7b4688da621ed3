"""What may be set: types and ranges."""
