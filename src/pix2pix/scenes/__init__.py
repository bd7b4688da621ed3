"""The painter of the embedded default: street scenes from a seed."""
