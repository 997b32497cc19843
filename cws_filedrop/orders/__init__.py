"""The order book's ways in and out: reports imported and pulled, files for sellers, reading back from Amazon."""
