"""Provider keys: pasting, checking, sealing, using, replacing, and notifying when they break."""
