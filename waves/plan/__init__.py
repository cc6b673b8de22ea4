"""The plan file: what it may say, what it means, and edits that keep its comments; never touches a repository."""
