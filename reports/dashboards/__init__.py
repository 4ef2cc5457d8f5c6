"""What the pages say: pure functions from results to rows, sentences and table cells."""
