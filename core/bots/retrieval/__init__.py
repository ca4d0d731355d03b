"""What an answer is based on: search in a bot's knowledge, citations, embeddings."""
