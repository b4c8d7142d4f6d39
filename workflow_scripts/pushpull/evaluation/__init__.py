"""From embeddings to scores, decisions and numbers: reads arrays, never trains an encoder."""
