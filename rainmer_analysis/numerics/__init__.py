"""Mathematics that several rooms share: great circles, neighbours, resampling by scene."""
