"""Who works here and where: locations, users with their roles, and API tokens."""
