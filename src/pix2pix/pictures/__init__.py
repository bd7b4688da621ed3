"""Pictures in files: what their headers say, their pixels, and how they are written."""
