"""Services that are told of alerts through somebody else's library."""
