"""One module per data set: its layout, its labels, its people. The folder is the registry."""
