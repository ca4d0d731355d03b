"""Measurements, side by side in one run: `bin/bench NAME`. Each writes its last result beside itself."""
