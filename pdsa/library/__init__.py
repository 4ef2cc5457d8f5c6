"""The library of change ideas and the templates of driver diagrams, as reviewed files; read by `files`."""
