"""Secrets at rest: everything that encrypts or decrypts one uses this package."""
