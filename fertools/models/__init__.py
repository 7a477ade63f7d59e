"""One module per family of networks. The folder is the registry."""
