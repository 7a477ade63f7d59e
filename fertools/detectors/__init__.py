"""One module per face detector. The folder is the registry."""
