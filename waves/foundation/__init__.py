"""What every other package stands on: processes, locks, files, texts and secrets."""
