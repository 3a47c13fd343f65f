"""The pages that the shop's people work with, on top of the domains' services."""

from edge_api.backoffice.site import register

__all__ = ["register"]
