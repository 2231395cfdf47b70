"""What a person sees of a file before anything is set up."""
