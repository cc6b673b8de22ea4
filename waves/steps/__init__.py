"""One file a step: gather facts, ask, act, return what was found; no step decides whether it is due."""
