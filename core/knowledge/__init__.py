"""Knowledge of bots: sources are read, split into chunks, indexed and searched. Knows bots only by id."""
