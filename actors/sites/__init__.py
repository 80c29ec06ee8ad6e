"""Several sites of one bank: who leads, who holds what, and how one takes over from another."""
