"""One module per check that curation runs over a data set. The folder is the registry."""
