"""What a session may use up: the model's context window, and turns that lead nowhere."""
