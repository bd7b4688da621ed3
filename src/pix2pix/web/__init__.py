"""The page to draw on and its HTTP API."""
