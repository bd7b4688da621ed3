"""The verbs: flags, mistakes told in words, and what to type next."""
