"""Nielsen's networks on MNIST: fetched once, read as LeCun's four files, trained from many seeds."""
