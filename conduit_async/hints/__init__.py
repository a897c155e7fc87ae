"""What to write instead: foreign syntax (of other languages) and typos, each with its hint."""
