"""Nielsen's networks from many seeds, on MNIST, which is fetched once and read from LeCun's four files."""
