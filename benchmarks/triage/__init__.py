"""How well and how fast triage finds what collides, measured on real histories; nothing here is asserted."""
