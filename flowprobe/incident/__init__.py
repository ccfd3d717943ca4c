"""What recorded a provider's calls, as files that come in and recordings that come out."""
