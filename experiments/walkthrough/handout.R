# Every number that the handout prints, in order: by the rule as printed, and by backpropagation.
# Rscript handout.R prints a header, then one line for each number.

sigmoid <- function(z) 1 / (1 + exp(-z))
relu <- function(z) max(0, z)
slope <- function(a) a * (1 - a)  # of the sigmoid, by the node's activation

handout <- function(as_printed) {
  input_nodes <- c(1, 3, 5)
  weights_i_h1 <- c(0.5, 1.2, -0.3)
  weights_h_o <- c(0.8, 0.5, 0.1, 0.6)
  label <- 1
  output_node_activation <- 0.6
  alpha <- 0.01

  weighted_input <- input_nodes * weights_i_h1
  net_input <- sum(weighted_input)
  h1_activation <- sigmoid(net_input)

  delta_o <- 2 * (label - output_node_activation) * slope(output_node_activation)
  change_h1_o <- alpha * delta_o * h1_activation
  updated_h1_o <- weights_h_o[1] + change_h1_o

  # Printed: summed over the siblings of h1, the first weight already updated. True: h1 feeds the output alone,
  # by the weight that the forward pass used.
  terms <- if (as_printed) delta_o * c(updated_h1_o, weights_h_o[-1]) else c(delta_o * weights_h_o[1], 0, 0, 0)
  delta_h1 <- sum(terms) * slope(h1_activation)
  change <- alpha * delta_h1 * input_nodes

  c(weighted_input, net_input, h1_activation, relu(net_input), delta_o, change_h1_o, updated_h1_o,
    terms, sum(terms), delta_h1, change, weights_i_h1 + change)
}

cat("printed\ttrue\n", sprintf("%.17g\t%.17g\n", handout(TRUE), handout(FALSE)), sep = "")
