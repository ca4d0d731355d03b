"""Tools for the operator: backup, re-encryption, the key doctor."""
