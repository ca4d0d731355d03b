"""A provider key's life: pasted, checked, sealed, used, replaced, told when it breaks."""
