"""What is made of a conversation besides its answers: when it is due, how a model is asked, and how it is kept."""
