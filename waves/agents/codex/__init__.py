"""The agent kind `codex`: OpenAI's codex command line."""
