"""SQL -> ROWS: where SQL runs, under one signature."""
