"""What a run leaves behind: Parquet files while it goes on, a summary, a report that opens offline."""
