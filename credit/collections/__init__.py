"""Collections (催收): strategies by days past due, tiered teams, promises, and write-off by three bodies."""
