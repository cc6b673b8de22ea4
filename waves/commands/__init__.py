"""The verbs that do something, a file a verb; none of them runs a step of a unit."""
