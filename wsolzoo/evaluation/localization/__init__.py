"""From a map and true boxes to the numbers of a protocol: records, counts, summary."""
