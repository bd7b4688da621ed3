"""What lies in a folder of pairs, what is wrong with it, and the settings by which it trains."""
