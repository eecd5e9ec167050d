"""Where images lie: folders, the catalogue of the paper's datasets, and manifests."""
