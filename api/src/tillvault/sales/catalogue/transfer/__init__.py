"""The catalogue as a file: CSV and XLSX in, CSV out."""
