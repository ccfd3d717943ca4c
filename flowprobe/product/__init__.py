"""The product edge: processes that FlowProbe starts, and that never outlive it."""

from flowprobe.product.ports import free_port
from flowprobe.product.product import Product
from flowprobe.product.spec import StartSpec

__all__ = ["Product", "StartSpec", "free_port"]
