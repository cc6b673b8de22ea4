"""The embedded forge: a bare repository, and issues and pull requests as files."""
