"""Commands that draw pictures, and that say whether a picture is what it says it is."""
