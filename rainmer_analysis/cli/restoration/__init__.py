"""Commands that restore images and measure restored ones."""
