"""All that proves what became of one order, in one zip; see `packing`."""
