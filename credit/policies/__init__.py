"""Policies (政策参数): TOML validated by pydantic. One module and one file a policy; `load` lays a scenario's overrides over
the packaged values."""

from credit.policies.loading import Overrides, PolicyError, load
from credit.policies.products import Product, ProductColumns, ProductPolicy, columns_of

__all__ = ["Overrides", "PolicyError", "Product", "ProductColumns", "ProductPolicy", "columns_of", "load"]
