"""Stand-ins for the two providers that Acme Teams calls."""
