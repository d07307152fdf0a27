"""Many customers and owners at once, through the pages of a running site."""
