"""What commands share: options, tables, people's decisions."""
