"""What a request may ask for, and the bytes of its answer in every form."""
