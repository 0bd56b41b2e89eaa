"""From a config file to a running Runner."""
