"""What spreadsheets make of cells, whatever their column. Knows texts only."""
