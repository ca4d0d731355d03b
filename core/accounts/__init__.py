"""People, their workspaces and roles in them, and their sign-ins."""
