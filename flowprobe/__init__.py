"""FlowProbe: key-account API journeys, run for real while the providers behind the product misbehave."""

__all__ = ["__version__"]
__version__ = "0.1.0"
