"""What `pix2pix data` does: check a folder, show its pairs, suggest a command."""
