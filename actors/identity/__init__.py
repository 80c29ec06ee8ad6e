"""Who may do what at the live bank, and who did it: keys, accounts, tokens, posts, masking, and the operation log (SEC)."""
