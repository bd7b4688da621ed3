"""What finished runs are worth: their scores with intervals, compared on the same pictures."""
