"""What tests of minutes remember between runs."""
