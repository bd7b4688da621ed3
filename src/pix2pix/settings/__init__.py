"""The settings of a training: composed by Hydra, held against a schema, mistakes told in words."""
