"""Words and pictures for people: pull requests, tables, pages; nothing here decides or changes anything."""
