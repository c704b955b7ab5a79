"""Nielsen's networks on MNIST, which is fetched once and read as LeCun's four files, from many seeds."""
