"""Charts of local measures: assembled, read in words, drawn, and put on slides. Pure: no database, no clock."""
