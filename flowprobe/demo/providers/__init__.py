"""Stand-ins for the providers that Acme Teams calls."""
