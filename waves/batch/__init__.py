"""One batch at work: its plan, places, people, claims and rulings, and what all of its steps share."""
