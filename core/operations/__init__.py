"""The operator's tools: backup, re-encryption, the key doctor."""
