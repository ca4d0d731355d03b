"""The gateway, without HTTP."""
