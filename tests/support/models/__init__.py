"""Networks and .tflite files made for tests."""
