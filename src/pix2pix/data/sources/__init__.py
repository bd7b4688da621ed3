"""Where pairs come from: one layout of files, or a painter of scenes, a module."""
