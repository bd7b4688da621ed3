"""From files to batches: domains, codecs, pair sources, transforms, the LightningDataModule."""
