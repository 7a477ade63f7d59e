"""One module per data set: draws a tiny copy of its layout, with every trap; no photographs."""
