"""Side-by-side measurements; a package of its own, since pyarrow 17 installs another of this name."""
