"""What runs several stages: the demonstration, a reproduction, a report."""
