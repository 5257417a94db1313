"""What a manager should hear of without looking for it."""
