"""Files written as a whole, and read without trusting them."""
